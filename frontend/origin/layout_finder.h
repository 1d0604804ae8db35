// frontend/origin/layout_finder.h
//
// Finds out how a version that was uploaded in parts is cut: from the origin, if it answers
// HEAD ?partNumber=N and we may ask; else by computing it, the same on every node.
//
//   Core     One per core.
//   Errors   None: what cannot be asked is computed. A layout is never wrong, at worst it is not the
//            upload's.
//   Limits   Two questions where all parts but the last are equal, else one per part, for at most
//            `asked_max` parts.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/clock.h"
#include "engine/runtime/task.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/own_request.h"

namespace lode::frontend::origin {

class layout_finder {
  public:
    static constexpr std::uint32_t asked_max = 64;

    // `own` may be null: then the origin is not asked.
    layout_finder(origin_link& link, s3::signer* own) : link_(link), own_(own) {}

    engine::task<part_layout> find(const object_name& name, const object_version& version);

    // Where one part of the version lies, and how many there are: the origin's word, or what a certain
    // layout says. Nothing when the origin does not answer part numbers, or not about this version.
    engine::task<std::optional<part_extent>> locate(const object_name& name,
                                                    const object_version& version,
                                                    std::uint32_t number);

    // The origin has answered a question with a part number.
    [[nodiscard]] bool answered_numbers() const { return answered_numbers_; }

  private:
    struct answered_part {
        part_extent extent;  // `first` is meaningful where the origin states it
        bool placed = false;
        std::uint32_t parts = 0;
    };
    engine::task<std::optional<answered_part>> ask(const object_name& name,
                                                   const object_version& version,
                                                   std::uint32_t number);
    engine::task<std::optional<part_layout>> ask_all(const object_name& name,
                                                     const object_version& version,
                                                     bytes first_length, std::uint32_t parts);

    origin_link& link_;
    s3::signer* own_;
    bool answered_numbers_ = false;
    time_point silent_until_{};  // the origin does not answer part numbers
};

}  // namespace lode::frontend::origin
