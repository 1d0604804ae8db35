// frontend/http/head_parser.h
//
// A complete head, as the scanner let it through, taken apart. Two opinions must agree: llhttp's,
// and a plain split into lines; what they see differently is refused. Only this module knows
// llhttp.
//
//   Memory    `lines` is cleared and filled; its capacity stays with the caller.
//   Lifetime  Everything parsed borrows from the text.
//   Errors    A problem; the output is then unspecified.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/http/message.h"
#include "frontend/http/problem.h"

namespace lode::frontend::http {

// The text is changed in one case: a target "http://host?query" gets the "/" that its path lacks.
[[nodiscard]] problem parse_request(std::span<char> text, std::vector<header>& lines,
                                    request_head& into);

[[nodiscard]] problem parse_response(std::span<char> text, std::string_view request_method,
                                     std::vector<header>& lines, response_head& into);

// Trailer lines are judged as the header lines of a request: `text` starts with this line, and ends
// with an empty one.
inline constexpr std::string_view trailer_prefix = "GET / HTTP/1.1\r\n";
[[nodiscard]] problem parse_trailers(std::string_view text, std::vector<header>& lines);

}  // namespace lode::frontend::http
