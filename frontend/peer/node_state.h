// frontend/peer/node_state.h
//
// What a node says of itself. What others make of it, that it is slow or down, is their own finding.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lode::frontend::peer {

enum class node_state : std::uint8_t {
    joining,   // it answers, and has no parts yet
    up,        // it serves
    draining,  // it leaves soon: asked last
};
inline constexpr std::array<std::string_view, 3> node_state_names = {"joining", "up", "draining"};

[[nodiscard]] constexpr std::string_view name_of(node_state s) {
    return node_state_names[static_cast<std::size_t>(s)];
}

}  // namespace lode::frontend::peer
