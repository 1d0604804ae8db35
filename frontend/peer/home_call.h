// frontend/peer/home_call.h
//
// A question about an object to its home node, and the body of the answer. What comes of it is told to that
// peer's health, except how long it took: the home may have had to ask the origin first.
//
//   Core      One, that of the peers.
//   Memory    A body of `body_max` at most.
//   Errors    Nothing: this node is the home, nobody can be asked, the home does not know either, or what it
//             says is not proven to be its word.
//   Limits    32 at once to one peer; beyond, nothing. health_rules::deadline_max in all. Asked once, and once more where an old connection turned out
//             to be dead.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/runtime/task.h"
#include "frontend/origin/object_version.h"
#include "frontend/peer/peers.h"

namespace lode::frontend::peer {

struct home_question {
    const origin::object_name& name;  // without scope and customer's key
    hash128 id;                       // the answer must repeat it
    // Writes a request's target for this protocol.
    std::function<result<>(std::uint32_t protocol, std::string& target)> write;
    std::size_t body_max = 0;
};

engine::task<std::optional<std::string>> ask_home(peers& all, const home_question& q);

}  // namespace lode::frontend::peer
