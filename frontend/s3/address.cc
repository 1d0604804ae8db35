#include "frontend/s3/address.h"

#include <algorithm>
#include <optional>

#include "frontend/http/header.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::s3 {
namespace {

// The raw spelling may be three times as long as what it decodes to; anything beyond cannot become
// a bucket and a key within the limits, and is not even decoded.
constexpr std::size_t raw_path_max = 3 * (1 + bucket_length_max + 1 + key_length_max);

// The bucket that a host names below one of our domains; nothing means path style. The longest
// domain that matches decides, so that "internal" and "lode.internal" may both be configured.
std::optional<std::string_view> bucket_in_host(std::string_view host,
                                               std::span<const std::string> domains);

address_kind address_in_path(std::string_view path, address& out);

bool is_ip_address(std::string_view host) {
    if (host.starts_with('[') || host.find(':') != std::string_view::npos) return true;
    const auto last_label = host.substr(host.rfind('.') + 1);
    return !last_label.empty() &&
           std::ranges::all_of(last_label, [](char c) { return c >= '0' && c <= '9'; });
}

// Bytes that may not stand raw in a request target. '#' is among them: an origin may cut the path
// there, and then would not mean the same key as we do.
bool has_forbidden_byte(std::string_view raw_path) {
    return std::ranges::any_of(raw_path, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f || c == '#';
    });
}

bool within_limits(const address& where) {
    const auto bucket_fits =
        where.bucket.size() >= bucket_length_min && where.bucket.size() <= bucket_length_max &&
        where.bucket.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
    return bucket_fits && where.key.size() <= key_length_max &&
           where.key.find('\0') == std::string::npos;
}

}  // namespace

void resolve_address(std::string_view host, std::span<const std::string> domains,
                     std::string_view raw_path, address& out) {
    out.kind = address_kind::unaddressable;
    out.style = addressing_style::path;
    out.bucket.clear();
    out.key.clear();
    if (!raw_path.starts_with('/') || raw_path.size() > raw_path_max) return;
    if (has_forbidden_byte(raw_path)) return;

    address_kind kind = address_kind::unaddressable;
    if (const auto bucket = bucket_in_host(host, domains)) {
        out.style = addressing_style::virtual_hosted;
        std::ranges::transform(*bucket, std::back_inserter(out.bucket), http::ascii_lower);
        if (percent_decode(raw_path.substr(1), plus_sign::literal, out.key)) {
            kind = out.key.empty() ? address_kind::bucket : address_kind::object;
        }
    } else {
        kind = address_in_path(raw_path.substr(1), out);
    }

    const bool named = kind == address_kind::bucket || kind == address_kind::object;
    if (named && !within_limits(out)) kind = address_kind::unaddressable;
    out.kind = kind;
    if (kind == address_kind::unaddressable) {
        out.bucket.clear();
        out.key.clear();
    }
}

std::string_view host_without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
    if (std::ranges::count(host, ':') == 1) host = host.substr(0, host.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

namespace {

std::optional<std::string_view> bucket_in_host(std::string_view host,
                                               std::span<const std::string> domains) {
    host = host_without_port(http::trim(host));
    if (host.empty() || is_ip_address(host)) return std::nullopt;

    std::string_view longest;
    for (const std::string& configured : domains) {
        const std::string_view domain = host_without_port(configured);
        if (domain.empty() || domain.size() <= longest.size() || domain.size() > host.size()) {
            continue;
        }
        const auto tail = host.substr(host.size() - domain.size());
        const bool whole_labels =
            tail.size() == host.size() || host[host.size() - tail.size() - 1] == '.';
        if (whole_labels && http::equal_ignoring_case(tail, domain)) longest = tail;
    }
    if (longest.empty() || longest.size() == host.size()) return std::nullopt;
    return host.substr(0, host.size() - longest.size() - 1);
}

// `path` is raw and without its first '/'. Decoded as a whole first, because %2F separates bucket
// and key just as '/' does.
address_kind address_in_path(std::string_view path, address& out) {
    if (path.empty()) return address_kind::service;
    if (!percent_decode(path, plus_sign::literal, out.key)) return address_kind::unaddressable;
    const auto separator = out.key.find('/');
    out.bucket.assign(out.key, 0, separator);
    out.key.erase(0, separator == std::string::npos ? separator : separator + 1);
    return out.key.empty() ? address_kind::bucket : address_kind::object;
}

}  // namespace
}  // namespace lode::frontend::s3
