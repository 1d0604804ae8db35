// frontend/peer/layout_call.h
//
// Asks an object's home node how its parts lie. What comes of it is told to that peer's health, except how long
// it took: the home may have had to ask the origin first.
//
//   Core      One, that of the peers.
//   Memory    A body of layout_text_max at most.
//   Errors    Nothing: this node is the home, nobody can be asked, the home does not know either, or what it
//             says cannot be believed. Then the origin is to be asked.
//   Limits    health_rules::deadline_max in all. Asked once, and once more where an old connection turned out
//             to be dead.
#pragma once

#include <optional>

#include "engine/runtime/task.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/part_layout.h"
#include "frontend/peer/peers.h"

namespace lode::frontend::peer {

// Of an object that was uploaded in parts, by its name without scope and customer's key. Everything is
// borrowed.
engine::task<std::optional<origin::part_layout>> ask_layout(peers& all,
                                                            const origin::object_name& name,
                                                            const origin::object_version& version);

}  // namespace lode::frontend::peer
