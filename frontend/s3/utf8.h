// frontend/s3/utf8.h
//
// Keys are bytes; most are UTF-8 (RFC 3629), and whoever writes one down must know which.
#pragma once

#include <cstddef>
#include <string_view>

namespace lode::frontend::s3 {

// How many bytes the well-formed UTF-8 sequence has that `text`, which is not empty, begins with: 1 to 4;
// 0 where it begins with none (overlong forms, surrogates and what lies beyond U+10FFFF included).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace lode::frontend::s3
