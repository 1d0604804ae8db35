#include "frontend/http/hop_by_hop.h"

#include <algorithm>
#include <array>

namespace lode::frontend::http {
namespace {

constexpr std::array<std::string_view, 9> always = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
};

constexpr std::array<std::string_view, 5> protected_names = {
    "host", "authorization", "date", "expect", "etag",
};
constexpr std::array<std::string_view, 6> protected_prefixes = {
    "x-amz-", "content-", "if-", "range", "cache-control", "accept-",
};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
    return std::ranges::any_of(
        names, [&](std::string_view each) { return equal_ignoring_case(name, each); });
}

bool protected_field(std::string_view name) {
    return is_one_of(name, protected_names) ||
           std::ranges::any_of(protected_prefixes, [&](std::string_view prefix) {
               return starts_with_ignoring_case(name, prefix);
           });
}

// Calls `each` with every non-empty element until it says true.
template <class Each>
bool any_in_list(std::string_view list, Each each) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        const std::string_view element = trim(list.substr(0, comma));
        if (!element.empty() && each(element)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

}  // namespace

hop_by_hop::hop_by_hop(std::span<const header> message) : message_(message) {
    for (const header& h : message) {
        if (!equal_ignoring_case(h.name, "connection")) continue;
        names_fields_ |= any_in_list(h.value, [](std::string_view option) {
            return !equal_ignoring_case(option, "close") &&
                   !equal_ignoring_case(option, "keep-alive");
        });
    }
}

bool hop_by_hop::drops(std::string_view name) const {
    if (is_one_of(name, always)) return true;
    return names_fields_ && !protected_field(name) && list_has_token(message_, "connection", name);
}

bool list_has_token(std::span<const header> message, std::string_view name,
                    std::string_view token) {
    return std::ranges::any_of(message, [&](const header& h) {
        return equal_ignoring_case(h.name, name) &&
               any_in_list(h.value, [&](std::string_view element) {
                   return equal_ignoring_case(element, token);
               });
    });
}

}  // namespace lode::frontend::http
