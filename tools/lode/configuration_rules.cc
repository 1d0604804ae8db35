#include "tools/lode/configuration_rules.h"

#include <filesystem>

#include <fmt/format.h>

#include "engine/runtime/address.h"
#include "tools/lode/cluster_rules.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"

namespace lode::tools {
namespace {

using namespace lode::literals;
using frontend::settings;

// Less would leave a core without the frames that one part in flight needs.
constexpr bytes memory_per_core_min = 16_MiB;

struct listen_address {
    std::string host;
    std::string port;
};

listen_address split(const std::string& address) {
    const auto colon = address.rfind(':');
    return {.host = address.substr(0, colon), .port = address.substr(colon + 1)};
}

bool is_every_address(std::string_view host) { return host == "0.0.0.0" || host == "[::]"; }

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

bool collide(const std::string& a, const std::string& b) {
    const auto [a_host, a_port] = split(a);
    const auto [b_host, b_port] = split(b);
    return a_port == b_port &&
           (a_host == b_host || is_every_address(a_host) || is_every_address(b_host));
}

void check_consistency(const settings& s, std::vector<conflict>& found) {
    using frontend::auth_mode;
    using frontend::consistency_mode;
    if (s.consistency.mode == consistency_mode::bounded && s.auth.mode == auth_mode::gateway) {
        found.push_back({"consistency.mode", "auth.mode", 0,
                         "expected \"strong\" while auth.mode is \"gateway\", because every "
                         "request asks the gateway anyway, got \"bounded\""});
    }
    if (s.consistency.mode == consistency_mode::strong &&
        s.consistency.max_stale > duration::zero()) {
        found.push_back({"consistency.max_stale", "consistency.mode", 0,
                         fmt::format("expected \"0s\" while consistency.mode is \"strong\", got "
                                     "\"{}\"",
                                     print_duration(s.consistency.max_stale))});
    }
}

void check_consistency_rules(const settings& s, std::vector<conflict>& found) {
    using frontend::auth_mode;
    using frontend::consistency_mode;
    const auto& rules = s.consistency.rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const frontend::consistency_rule& rule = rules[i];
        if (rule.mode == consistency_mode::bounded && s.auth.mode == auth_mode::gateway) {
            found.push_back({"consistency.rule.mode", "auth.mode", i,
                             "expected \"strong\" while auth.mode is \"gateway\", because every "
                             "request asks the gateway anyway, got \"bounded\""});
        }
        if (rule.mode == consistency_mode::strong && rule.max_stale > duration::zero()) {
            found.push_back({"consistency.rule.max_stale", "consistency.rule.mode", i,
                             fmt::format("expected \"0s\" while the rule's mode is \"strong\", got "
                                         "\"{}\"",
                                         print_duration(rule.max_stale))});
        }
        for (std::size_t earlier = 0; earlier < i; ++earlier) {
            if (rules[earlier].bucket != rule.bucket || rules[earlier].prefix != rule.prefix) {
                continue;
            }
            found.push_back({"consistency.rule.bucket", "consistency.rule.prefix", i,
                             fmt::format("expected one rule for each bucket and prefix, got "
                                         "\"{}\" and \"{}\" again",
                                         rule.bucket, rule.prefix)});
            break;
        }
    }
}

void check_auth(const settings& s, std::vector<conflict>& found) {
    using frontend::auth_mode;
    if (s.auth.mode == auth_mode::local && s.auth.keys.empty()) {
        found.push_back({"auth.keys", "auth.mode", 0,
                         "expected the path of a file while auth.mode is \"local\", got none"});
    }
    if (s.auth.mode == auth_mode::trust && s.auth.trusted == frontend::trusted_clients::loopback &&
        !is_loopback(split(s.listen.s3).host)) {
        found.push_back({"auth.mode", "listen.s3", 0,
                         fmt::format("expected listen.s3 to be a loopback address such as "
                                     "\"127.0.0.1:9000\" while auth.mode is \"trust\", got \"{}\"; "
                                     "auth.trusted = \"anyone\" says that everybody may use lode's "
                                     "own rights",
                                     s.listen.s3)});
    }
}

void check_sizes(const settings& s, std::vector<conflict>& found) {
    if (s.limits.uri > s.limits.head) {
        found.push_back({"limits.uri", "limits.head", 0,
                         fmt::format("expected at most limits.head ({}), got \"{}\"",
                                     print_size(s.limits.head), print_size(s.limits.uri))});
    }
    if (s.node.memory < memory_per_core_min * s.node.cores) {
        found.push_back({"node.memory", "node.cores", 0,
                         fmt::format("expected at least {} for each of the {} cores, got \"{}\"",
                                     print_size(memory_per_core_min), s.node.cores,
                                     print_size(s.node.memory))});
    }
}

void check_addresses(const settings& s, std::vector<conflict>& found) {
    const auto distinct = [&](std::string_view key, const std::string& address,
                              std::string_view other, const std::string& other_address) {
        if (!collide(address, other_address)) return;
        found.push_back({key, other, 0,
                         fmt::format("expected another port than that of {} ({}), got \"{}\"",
                                     other, other_address, address)});
    };
    distinct("listen.peer", s.listen.peer, "listen.s3", s.listen.s3);
    distinct("listen.admin", s.listen.admin, "listen.s3", s.listen.s3);
    distinct("listen.admin", s.listen.admin, "listen.peer", s.listen.peer);
}

// A gateway that is lode itself would be asked by itself, without end.
void check_gateway(const settings& s, std::vector<conflict>& found) {
    const auto gateway = parse_endpoint(s.origin.gateway);
    if (!gateway) return;
    const auto [host, port] = split(s.listen.s3);
    if (std::to_string(gateway->port) != port) return;
    const bool same_host = gateway->host == host || "[" + gateway->host + "]" == host;
    if (!same_host && !(is_every_address(host) && is_loopback(gateway->host))) return;
    found.push_back({"origin.gateway", "listen.s3", 0,
                     fmt::format("expected the object store, got \"{}\", which is where lode "
                                 "itself listens (listen.s3)",
                                 s.origin.gateway)});
}

void check_devices(const settings& s, std::vector<conflict>& found) {
    const auto& devices = s.cache.devices;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const auto path = std::filesystem::path(devices[i].path).lexically_normal();
        for (std::size_t earlier = 0; earlier < i; ++earlier) {
            if (std::filesystem::path(devices[earlier].path).lexically_normal() != path) continue;
            found.push_back(
                {"cache.device.path", "cache.device.path", i,
                 fmt::format("expected each device once, got \"{}\" again", devices[i].path)});
            break;
        }
    }
}

}  // namespace

std::vector<conflict> find_conflicts(const settings& s) {
    std::vector<conflict> found;
    check_consistency(s, found);
    check_consistency_rules(s, found);
    check_auth(s, found);
    check_sizes(s, found);
    check_addresses(s, found);
    check_gateway(s, found);
    check_devices(s, found);
    check_cluster(s, found);
    return found;
}

}  // namespace lode::tools
