// frontend/origin/shared_validation.h
//
// Requests that ask the origin the same question, signed by lode itself, share its answer: but a request
// may only use an answer to a question that was sent after it arrived, or it might miss a write that it
// has to see. So while one question about an object is under way, those who come wait together, and when it
// has been answered one of them asks for all.
//
//   Core     One.
//   Memory   An entry for each object that is being asked about.
//   Limits   Nobody waits longer than `patience` for the others; then it asks alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/clock.h"
#include "engine/runtime/task.h"
#include "engine/runtime/wait_list.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend::origin {

class shared_validation {
  public:
    explicit shared_validation(duration patience) : patience_(patience) {}

    struct turn {
        enum class kind : std::uint8_t {
            ask_for_all,  // ask, then call answered()
            ask_alone,    // ask, and tell nobody
            told,         // `version` may be read and was current
        };
        kind what = kind::ask_alone;
        version_ptr version;
        time_point asked{};  // then, at least
    };
    engine::task<turn> enter(std::string object);

    // From the one who asked for all; `asked`: when the question was sent, or how old the word is that it got.
    // Null: the answer cannot be shared, everybody asks alone.
    void answered(const std::string& object, version_ptr version, time_point asked);

  private:
    struct group {
        engine::wait_list line;
        version_ptr version;
        time_point asked{};
    };
    struct entry {
        std::shared_ptr<group> present;  // who came before the question was sent
        std::shared_ptr<group> next;     // who came while it was under way
    };

    duration patience_;
    std::unordered_map<std::string, entry> asking_;
};

}  // namespace lode::frontend::origin
