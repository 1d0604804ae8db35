// tools/lode/endpoint.h
//
// "http://host:port" taken apart: the gateway that lode speaks to, and lode's own admin page as the
// command-line tools reach it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lode::tools {

struct endpoint {
    enum class scheme : std::uint8_t { http, https } how = scheme::http;
    std::string host;  // a name or an address; IPv6 without its brackets
    std::uint16_t port = 0;
};

// Scheme and host; the port may be left out (80, 443), a single closing slash is ignored. A user, a
// path or a query is refused: it would be silently lost.
[[nodiscard]] std::optional<endpoint> parse_endpoint(std::string_view url);

// The URL with whatever stands before an '@' replaced, so that a mistyped one may be shown.
[[nodiscard]] std::string without_user(std::string_view url);

// Letters, digits, '-', '_' and '.', no empty label, at most 253 characters.
[[nodiscard]] bool is_host_name(std::string_view name);

}  // namespace lode::tools
