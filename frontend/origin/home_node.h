// frontend/origin/home_node.h
//
// What the nodes of a cluster tell each other about objects: each object has a home node, which is asked
// before the origin, so that a thousand nodes that open one object are one question to the origin.
//
//   Errors  Nothing, where nobody can be asked or nobody knows: then the origin is to be asked.
#pragma once

#include <functional>
#include <optional>

#include "engine/base/clock.h"
#include "engine/runtime/task.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::origin {

// A version, and how old the origin's word was, when the question arrived, that it is the current one.
// Zero: the origin was asked after that.
struct told_version {
    version_ptr version;
    duration age{};
};

struct version_wish {
    duration age{};          // the word may be as old; zero: the origin is to be asked
    bool checksums = false;  // with the stored ones
};

// Where any word will do: a guess for the gateway to confirm.
inline constexpr duration any_age = std::chrono::hours(24 * 365);

// How a home node is asked. Bounded in time; of names without scope and customer's key only.
struct home_node {
    std::function<engine::task<std::optional<part_layout>>(const object_name& name,
                                                           const object_version& version)>
        layout;
    std::function<engine::task<std::optional<told_version>>(const object_name& name,
                                                            version_wish wish)>
        version;
};

}  // namespace lode::frontend::origin
