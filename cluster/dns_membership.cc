#include "cluster/dns_membership.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cluster/own_addresses.h"

namespace lode::cluster {
namespace {

constexpr duration lookup_limit = std::chrono::seconds(10);

bool is_v6(const std::string& address) { return address.starts_with('['); }

// A name may have addresses of both kinds, two for each node. Of these one kind is kept: that on which
// nodes listen, if this node is like the others.
void keep_one_kind(std::vector<std::string>& addresses, const std::string& own) {
    const bool wanted = is_v6(own) && std::ranges::any_of(addresses, is_v6);
    std::erase_if(addresses, [&](const std::string& each) { return is_v6(each) != wanted; });
}

}  // namespace

dns_membership::dns_membership(dns_options options, resolver how)
    : options_(std::move(options)), lookup_(std::move(how)) {}

void dns_membership::run(const std::stop_token& stopping) {
    do {
        look(stopping);
    } while (sleep(stopping, options_.refresh));
}

void dns_membership::look(const std::stop_token& stopping) {
    const auto [host, port] = split_host_and_port(options_.name);
    auto found = lookup_.find(host, port, lookup_limit, stopping);
    if (!found && found.error().code == errc::cancelled) return;
    if (!found) {
        return complain(fmt::format("the name {} (cluster.dns_name) {}", host,
                                    found.error().code == errc::timed_out
                                        ? "was not resolved in time"
                                        : "cannot be resolved"));
    }
    keep_one_kind(*found, options_.own_address);
    if (found->empty()) {
        return complain(
            fmt::format("the name {} (cluster.dns_name) has only addresses that "
                        "listen.peer does not listen on",
                        host));
    }
    all_is_well();
    publish(as_nodes(std::move(*found)));
}

std::vector<discovered> dns_membership::as_nodes(std::vector<std::string> addresses) const {
    const auto host = addresses_of_host();
    std::vector<discovered> nodes;
    for (std::string& address : addresses) {
        const bool own = is_own_address(address, options_.own_address, host);
        nodes.push_back({.name = own ? options_.self : "", .address = std::move(address)});
    }
    return nodes;
}

}  // namespace lode::cluster
