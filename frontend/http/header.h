// frontend/http/header.h
//
// A header field as it stood in the message, and how to look one up. Names compare without regard
// to ASCII case (RFC 9110 section 5.1); values are bytes, without the surrounding white space.
//
//   Lifetime  Both views borrow from the buffer that holds the message's head.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace lode::frontend::http {

struct header {
    std::string_view name;
    std::string_view value;
};

[[nodiscard]] constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

[[nodiscard]] constexpr bool starts_with_ignoring_case(std::string_view text,
                                                       std::string_view prefix) {
    return text.size() >= prefix.size() &&
           equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Optional white space of RFC 9110 section 5.6.3: spaces and tabs, nothing else.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
    constexpr std::string_view white = " \t";
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// The value of the first line with this name.
[[nodiscard]] constexpr std::optional<std::string_view> find_header(std::span<const header> headers,
                                                                    std::string_view name) {
    for (const header& h : headers) {
        if (equal_ignoring_case(h.name, name)) return h.value;
    }
    return std::nullopt;
}

[[nodiscard]] constexpr std::size_t count_header(std::span<const header> headers,
                                                 std::string_view name) {
    return static_cast<std::size_t>(std::ranges::count_if(
        headers, [&](const header& h) { return equal_ignoring_case(h.name, name); }));
}

}  // namespace lode::frontend::http
