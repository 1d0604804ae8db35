// frontend/s3/percent.h
//
// Percent-encoding (RFC 3986 section 2.1) with the alphabet of AWS Signature Version 4: letters,
// digits, '-', '.', '_' and '~' stand for themselves, everything else is %XX in upper case.
//
//   Memory  Results are appended to the caller's string, so that a reused string costs nothing.
//   Errors  A '%' without two hexadecimal digits is `invalid`. Any byte may result, NUL included;
//           whoever cannot use NUL looks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace lode::frontend::s3 {

// In a path '+' is an ordinary byte; in a query S3 reads it as a space.
enum class plus_sign : std::uint8_t { literal, space };

// A path keeps its '/'; a query's names and values encode them.
enum class slash : std::uint8_t { keep, encode };

// The value of one hexadecimal digit of either case.
[[nodiscard]] std::optional<std::uint8_t> hex_digit(char c);

// On an error nothing has been appended.
[[nodiscard]] result<void> percent_decode(std::string_view text, plus_sign plus, std::string& out);

// Into the caller's buffer, without allocation; `too_large` when the result does not fit.
[[nodiscard]] result<std::string_view> percent_decode(std::string_view text, plus_sign plus,
                                                      std::span<char> buffer);

void percent_encode(std::string_view text, slash slashes, std::string& out);

// Decodes and encodes again, so that every spelling of the same bytes comes out the same.
[[nodiscard]] result<void> percent_recode(std::string_view text, plus_sign plus, slash slashes,
                                          std::string& out);

}  // namespace lode::frontend::s3
