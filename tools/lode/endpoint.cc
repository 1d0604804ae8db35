#include "tools/lode/endpoint.h"

#include <algorithm>

#include "engine/runtime/address.h"
#include "tools/lode/number.h"

namespace lode::tools {
namespace {

constexpr std::size_t host_name_max = 253;
constexpr std::size_t label_max = 63;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

// "[::1]" without its brackets, when it is an address.
std::optional<std::string> parse_bracketed(std::string_view host) {
    if (!engine::socket_address::parse(std::string(host) + ":1")) return std::nullopt;
    return std::string(host.substr(1, host.size() - 2));
}

}  // namespace

std::optional<endpoint> parse_endpoint(std::string_view url) {
    endpoint made;
    if (url.starts_with("http://")) {
        made.port = 80;
        url.remove_prefix(7);
    } else if (url.starts_with("https://")) {
        made.how = endpoint::scheme::https;
        made.port = 443;
        url.remove_prefix(8);
    } else {
        return std::nullopt;
    }
    if (url.ends_with('/')) url.remove_suffix(1);

    const auto bracket = url.rfind(']');
    const auto colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = url.substr(0, colon);
    if (colon != std::string_view::npos) {
        const auto port = parse_number<std::uint16_t>(url.substr(colon + 1));
        if (!port || *port == 0) return std::nullopt;
        made.port = *port;
    }
    if (host.starts_with('[')) {
        auto address = parse_bracketed(host);
        if (!address) return std::nullopt;
        made.host = std::move(*address);
    } else {
        if (!is_host_name(host)) return std::nullopt;
        made.host = host;
    }
    return made;
}

std::string without_user(std::string_view url) {
    const auto at = url.rfind('@');
    return at == std::string_view::npos ? std::string(url)
                                        : "...@" + std::string(url.substr(at + 1));
}

bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > host_name_max) return false;
    while (true) {
        const auto dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (label.empty() || label.size() > label_max) return false;
        if (!std::ranges::all_of(label, is_name_character)) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

}  // namespace lode::tools
