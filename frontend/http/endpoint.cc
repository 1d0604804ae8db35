#include "frontend/http/endpoint.h"

#include <algorithm>
#include <charconv>

#include "frontend/http/characters.h"
#include "frontend/http/header.h"

namespace lode::frontend::http {
namespace {

std::uint16_t usual_port(scheme s) { return s == scheme::https ? 443 : 80; }

bool read_port(std::string_view digits, std::uint16_t& port) {
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && stop == digits.data() + digits.size() && port != 0;
}

}  // namespace

result<endpoint> endpoint::parse(std::string_view url) {
    endpoint made;
    if (starts_with_ignoring_case(url, "http://")) {
        url.remove_prefix(7);
    } else if (starts_with_ignoring_case(url, "https://")) {
        made.scheme = scheme::https;
        url.remove_prefix(8);
    } else {
        return fail(errc::invalid);
    }
    if (url.ends_with('/')) url.remove_suffix(1);

    std::string_view rest;
    const bool bracketed = url.starts_with('[');
    if (bracketed) {
        const auto close = url.find(']');
        if (close == std::string_view::npos) return fail(errc::invalid);
        made.host = url.substr(1, close - 1);
        rest = url.substr(close + 1);
        if (made.host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) {
            return fail(errc::invalid);
        }
    } else {
        const auto colon = std::min(url.find(':'), url.size());
        made.host = url.substr(0, colon);
        rest = url.substr(colon);
        const bool is_name =
            is_host(made.host) && made.host.find_first_of("%!$&'()*+,;=[]") == std::string::npos;
        if (!is_name) return fail(errc::invalid);
    }
    if (made.host.empty()) return fail(errc::invalid);

    made.port = usual_port(made.scheme);
    if (!rest.empty() && (rest.front() != ':' || !read_port(rest.substr(1), made.port))) {
        return fail(errc::invalid);
    }
    return made;
}

std::string endpoint::authority() const {
    std::string text = host.contains(':') ? "[" + host + "]" : host;
    if (port != usual_port(scheme)) text += ":" + std::to_string(port);
    return text;
}

std::string endpoint::url() const {
    return (scheme == scheme::https ? "https://" : "http://") + authority();
}

}  // namespace lode::frontend::http
