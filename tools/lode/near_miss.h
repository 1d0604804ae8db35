// tools/lode/near_miss.h
//
// Which known word a mistyped one was probably meant to be.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace lode::tools {

// The nearest of `known`, at most two changed, added, dropped or swapped letters away; nothing when
// none is that near, or when more than half of the word would have to change.
[[nodiscard]] std::optional<std::string_view> near_miss(std::string_view word,
                                                        std::span<const std::string_view> known);

}  // namespace lode::tools
