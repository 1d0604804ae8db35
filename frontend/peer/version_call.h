// frontend/peer/version_call.h
//
// Asks an object's home node which version is current (home_call.h).
//
//   Errors    Nothing, as home_call.h, or what it says describes no version.
#pragma once

#include <optional>
#include <string_view>

#include "engine/runtime/task.h"
#include "frontend/origin/home_node.h"
#include "frontend/peer/peers.h"

namespace lode::frontend::peer {

// Of a name without scope and customer's key. `origin` names the store. Everything is borrowed.
engine::task<std::optional<origin::told_version>> ask_version(peers& all, std::string_view origin,
                                                              const origin::object_name& name,
                                                              origin::version_wish wish);

}  // namespace lode::frontend::peer
