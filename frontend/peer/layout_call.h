// frontend/peer/layout_call.h
//
// Asks an object's home node how its parts lie (home_call.h).
//
//   Errors    Nothing, as home_call.h, or what it says does not fit the version.
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
