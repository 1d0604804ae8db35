// frontend/http/characters.h
//
// The byte classes of RFC 9110 section 5.6 as tables.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace lode::frontend::http {

namespace detail {

inline constexpr std::uint8_t token_class = 1;
inline constexpr std::uint8_t text_class = 2;
inline constexpr std::uint8_t target_class = 4;
inline constexpr std::uint8_t host_class = 8;

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&](std::string_view characters, std::uint8_t which) {
        for (const char c : characters) table[static_cast<unsigned char>(c)] |= which;
    };
    constexpr std::string_view alphanumeric =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    mark(alphanumeric, token_class | host_class);
    mark("!#$%&'*+-.^_`|~", token_class);
    mark("-._~%!$&'()*+,;=:[]", host_class);
    for (unsigned c = 0x20; c < 0x100; ++c) {
        if (c == 0x7F) continue;
        table[c] |= text_class;
        // A fragment never travels, and a space ends the target. Bytes above ASCII are passed on:
        // keys are bytes, and not every client encodes them.
        if (c != ' ' && c != '#') table[c] |= target_class;
    }
    table['\t'] |= text_class;
    return table;
}

inline constexpr std::array<std::uint8_t, 256> classes = make_classes();

constexpr bool all_of_class(std::string_view text, std::uint8_t which) {
    return std::ranges::all_of(
        text, [=](char c) { return (classes[static_cast<unsigned char>(c)] & which) != 0; });
}

}  // namespace detail

// What a field value or a reason may hold: visible characters, space, tab and obs-text.
[[nodiscard]] constexpr bool is_text(char c) {
    return (detail::classes[static_cast<unsigned char>(c)] & detail::text_class) != 0;
}

[[nodiscard]] constexpr bool is_token(std::string_view text) {
    return !text.empty() && detail::all_of_class(text, detail::token_class);
}

[[nodiscard]] constexpr bool is_target(std::string_view text) {
    return !text.empty() && detail::all_of_class(text, detail::target_class);
}

// The characters of RFC 3986's host and port; empty is a host, too.
[[nodiscard]] constexpr bool is_host(std::string_view text) {
    return detail::all_of_class(text, detail::host_class);
}

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace lode::frontend::http
