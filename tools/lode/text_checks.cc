#include "tools/lode/text_checks.h"

#include <algorithm>

#include "engine/runtime/address.h"
#include "tools/lode/endpoint.h"

namespace lode::tools {
namespace {

constexpr std::size_t text_max = 4096;
constexpr std::size_t region_max = 64;

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
