// frontend/origin/layout_memory.h
//
// How contents are cut whose cut took questions to find out, and who is finding it out now: those who want
// to know the same at the same time wait for the one who asks. A content never changes, so what is
// remembered holds for ever; a layout that was only computed is told to those who wait and not remembered.
//
//   Core     One, that of the contents' names.
//   Memory   At most `memory_max`; the least recently used goes first. An entry for each content that is
//            being asked about.
//   Limits   Nobody waits longer than `patience` for another's answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/list.h"
#include "engine/runtime/task.h"
#include "engine/runtime/wait_list.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::origin {

class layout_memory {
  public:
    static constexpr std::size_t memory_max = std::size_t{4} << 20U;

    explicit layout_memory(duration patience) : patience_(patience) {}

    // Nothing in `known`: the caller is to find it out, and where it is the first, to call found().
    struct turn {
        std::optional<part_layout> known;
        bool first = false;
    };
    // `content`: object_version::identity.
    engine::task<turn> enter(hash128 content);

    // From the first one, once.
    void found(const hash128& content, const part_layout& layout);

    [[nodiscard]] std::size_t memory() const { return memory_; }

  private:
    struct entry : list_hook<> {
        hash128 content;
        part_layout layout = part_layout::whole(bytes(0));
    };
    struct group {
        engine::wait_list line;
        std::optional<part_layout> layout;
    };

    [[nodiscard]] static std::size_t cost_of(const entry& e);
    void remember(const hash128& content, const part_layout& layout);

    duration patience_;
    std::size_t memory_ = 0;
    std::unordered_map<hash128, std::shared_ptr<group>> asking_;
    std::unordered_map<hash128, entry> entries_;
    list<entry> by_age_;  // front: least recently used
};

}  // namespace lode::frontend::origin
