#include "tools/lode/text_checks.h"

#include <algorithm>

#include "engine/runtime/address.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/number.h"

namespace lode::tools {
namespace {

constexpr std::size_t text_max = 4096;
constexpr std::size_t region_max = 64;
constexpr std::size_t key_prefix_max = 255;

}  // namespace

bool is_plain_text(std::string_view text) {
    return text.size() <= text_max && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

bool is_node_name(std::string_view text) { return text.empty() || is_host_name(text); }

bool is_listen_address(std::string_view text) {
    const auto address = engine::socket_address::parse(text);
    return address && address->port() != 0;
}

bool is_reachable_address(std::string_view text) {
    return is_listen_address(text) && !text.starts_with("0.0.0.0:") && !text.starts_with("[::]:");
}

bool is_no_or_reachable_address(std::string_view text) {
    return text.empty() || is_reachable_address(text);
}

bool is_host_and_port(std::string_view text) {
    if (is_listen_address(text)) return is_reachable_address(text);
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_host_name(text.substr(0, colon))) return false;
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
    return port && *port != 0;
}

bool is_no_or_host_and_port(std::string_view text) {
    return text.empty() || is_host_and_port(text);
}

bool is_key_prefix(std::string_view text) {
    return text.size() >= 2 && text.size() <= key_prefix_max && text.starts_with('/') &&
           !text.ends_with('/') &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_domain(std::string_view text) { return is_host_name(text); }

bool is_url(std::string_view text) { return parse_endpoint(text).has_value(); }

bool is_region(std::string_view text) {
    return !text.empty() && text.size() <= region_max && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_bucket(std::string_view text) { return is_path(text) && !text.contains('/'); }

bool is_path(std::string_view text) { return !text.empty() && is_plain_text(text); }

bool is_log_level(std::string_view text) {
    return text == "debug" || text == "info" || text == "warning" || text == "error";
}

}  // namespace lode::tools
