// frontend/http/endpoint.h
//
// Where a server is, as an operator writes it: "http://10.0.0.1:8000", "https://rgw.lan",
// "http://[::1]:9000/". No path, no query, no credentials.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace lode::frontend::http {

enum class scheme : std::uint8_t { http, https };

struct endpoint {
    http::scheme scheme = scheme::http;
    std::string host;  // a name or an address, without brackets
    std::uint16_t port = 80;

    [[nodiscard]] static result<endpoint> parse(std::string_view url);

    // As in a Host field: brackets around IPv6, and the port where it is not the scheme's own.
    [[nodiscard]] std::string authority() const;

    // "http://10.0.0.1:8000", for logs and operators.
    [[nodiscard]] std::string url() const;

    friend bool operator==(const endpoint&, const endpoint&) = default;
};

}  // namespace lode::frontend::http
