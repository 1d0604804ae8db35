// frontend/access/toml_limits.h
//
// toml++ follows a dotted key without a limit of its own, one nested table per dot: this is what keeps
// a text from nesting deeper than the stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lode::frontend::access {

inline constexpr std::size_t dots_on_a_line_max = 256;

[[nodiscard]] inline std::optional<std::uint32_t> line_with_too_many_dots(std::string_view text) {
    std::uint32_t line = 1;
    std::size_t dots = 0;
    for (const char c : text) {
        if (c == '.' && ++dots > dots_on_a_line_max) return line;
        if (c != '\n') continue;
        ++line;
        dots = 0;
    }
    return std::nullopt;
}

}  // namespace lode::frontend::access
