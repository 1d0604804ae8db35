// frontend/peer/wire.h
//
// What every message between two nodes of a cluster has in common: its numbers, names and limits. The
// README of this folder is the protocol.
//
//   Limits  A head of 8 KiB; a node's description of itself of 128 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/units.h"
#include "frontend/http/message_limits.h"

namespace lode::frontend::peer {

// What a node speaks: its own protocol and the one before, so that a cluster can be upgraded node by node.
struct protocol_range {
    std::uint32_t oldest = 1;
    std::uint32_t newest = 1;

    [[nodiscard]] bool contains(std::uint32_t protocol) const {
        return protocol >= oldest && protocol <= newest;
    }
    friend bool operator==(const protocol_range&, const protocol_range&) = default;
};
inline constexpr protocol_range spoken_protocols;

inline constexpr std::string_view hello_word = "hello";
inline constexpr std::string_view part_word = "part";
inline constexpr std::string_view layout_word = "layout";
inline constexpr std::string_view version_word = "version";
inline constexpr std::string_view state_word = "state";

inline constexpr std::string_view peer_host = "lode";  // of every request; it means nothing
inline constexpr std::string_view mac_field = "x-lode-mac";
inline constexpr std::string_view answer_field = "x-lode-answer";
inline constexpr std::string_view refusal_field = "x-lode-refusal";
inline constexpr std::string_view protocols_field = "x-lode-protocols";

inline constexpr http::limits wire_limits{
    .head = bytes(8ULL << 10U), .uri = bytes(7ULL << 10U), .headers = 32};
inline constexpr bytes description_max{128ULL << 10U};
inline constexpr std::size_t sentence_max = 512;

// "/lode/1/part", the path of a target under `protocol`.
[[nodiscard]] std::string path_of(std::uint32_t protocol, std::string_view word);

// A target taken apart; nothing where it is no "/lode/NUMBER/WORD".
struct peer_path {
    std::uint32_t protocol = 0;
    std::string_view word;
    std::string_view query;
};
[[nodiscard]] std::optional<peer_path> parse_path(std::string_view target);

// "1" or "1-2", as in x-lode-protocols, and back.
[[nodiscard]] std::string text_of(const protocol_range& range);
[[nodiscard]] std::optional<protocol_range> parse_protocols(std::string_view text);

}  // namespace lode::frontend::peer
