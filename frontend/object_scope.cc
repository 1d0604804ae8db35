#include "frontend/object_scope.h"

#include <algorithm>

#include "engine/runtime/address.h"
#include "frontend/http/header.h"
#include "frontend/s3/address.h"

namespace lode::frontend {
namespace {

bool is_address(std::string_view host) {
    return engine::socket_address::parse(std::string(host) + ":0").has_value();
}

bool is_under(std::string_view host, std::string_view domain) {
    if (host.size() < domain.size()) return false;
    const std::string_view end = host.substr(host.size() - domain.size());
    if (!http::equal_ignoring_case(end, domain)) return false;
    return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

std::string object_scope(std::string_view host, std::span<const std::string> domains) {
    const std::string_view name = s3::host_without_port(host);
    if (name.empty() || is_address(name)) return {};
    if (std::ranges::any_of(domains, [&](const auto& d) { return is_under(name, d); })) return {};
    std::string scope(name);
    std::ranges::transform(scope, scope.begin(), http::ascii_lower);
    return scope;
}

}  // namespace lode::frontend
