// frontend/s3/http_date.h
//
// Dates of HTTP (RFC 9110 section 5.6.7), to the second. Written as IMF-fixdate, read in that form
// and in the two obsolete ones (RFC 850 and asctime).
//
// A two-digit year of the RFC 850 form means 1970 to 2069: nothing that S3 dates is older.
//
//   Limits  Years 1 to 9999; the day of the week must be a day's name, but need not be the right
//           one.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lode::frontend::s3 {

using http_seconds = std::chrono::sys_seconds;

inline constexpr std::size_t http_date_length = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"

[[nodiscard]] std::string format_http_date(http_seconds when);

// Without allocation. The view borrows from the buffer.
std::string_view format_http_date(http_seconds when, std::array<char, http_date_length>& buffer);

[[nodiscard]] std::optional<http_seconds> parse_http_date(std::string_view text);

}  // namespace lode::frontend::s3
