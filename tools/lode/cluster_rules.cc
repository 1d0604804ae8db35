#include "tools/lode/cluster_rules.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

using frontend::cluster_node_settings;
using frontend::membership_kind;
using frontend::settings;

constexpr std::string_view membership = "cluster.membership";

void check_static(const settings& s, std::vector<conflict>& found) {
    const auto& c = s.cluster;
    if (c.nodes.empty() && c.nodes_file.empty()) {
        found.push_back({"cluster.nodes_file", membership, 0,
                         "expected the path of a file, or a [[cluster.node]] for each node, while "
                         "cluster.membership is \"static\", got neither"});
        return;
    }
    if (!c.nodes.empty() && !c.nodes_file.empty()) {
        found.push_back({"cluster.nodes_file", "cluster.node.name", 0,
                         "expected either a file or [[cluster.node]], got both"});
        return;
    }
    // Without a name here, the host's counts, which only the host check knows.
    if (c.nodes.empty() || s.node.name.empty()) return;
    const cluster_node_settings* own = find_node(c.nodes, s.node.name);
    if (own == nullptr) {
        found.push_back({"node.name", membership, 0,
                         fmt::format("expected the name of one [[cluster.node]] that has a "
                                     "capacity, got \"{}\"",
                                     s.node.name)});
    } else if (own->zone != s.node.zone) {
        found.push_back({"cluster.node.zone", "node.zone",
                         static_cast<std::size_t>(own - c.nodes.data()),
                         fmt::format("expected this node's own zone, node.zone (\"{}\"), got "
                                     "\"{}\"",
                                     s.node.zone, own->zone)});
    }
}

void check_etcd(const settings& s, std::vector<conflict>& found) {
    const auto& c = s.cluster;
    if (c.etcd_endpoints.empty()) {
        found.push_back({"cluster.etcd_endpoints", membership, 0,
                         "expected at least one URL while cluster.membership is \"etcd\", got "
                         "none"});
    }
    if (c.advertise.empty() && !is_reachable_address(s.listen.peer)) {
        found.push_back({"cluster.advertise", "listen.peer", 0,
                         fmt::format("expected the address of this node's peer port while "
                                     "cluster.membership is \"etcd\" and listen.peer (\"{}\") "
                                     "names none, got none",
                                     s.listen.peer)});
    }
    if (c.etcd_user.empty() != c.etcd_password_file.empty()) {
        const bool no_user = c.etcd_user.empty();
        found.push_back(
            {no_user ? "cluster.etcd_user" : "cluster.etcd_password_file",
             no_user ? "cluster.etcd_password_file" : "cluster.etcd_user", 0,
             fmt::format("expected {} beside {}, got none",
                         no_user ? "a name" : "the path of a file",
                         no_user ? "cluster.etcd_password_file" : "cluster.etcd_user")});
    }
}

}  // namespace

void check_cluster(const settings& s, std::vector<conflict>& found) {
    const auto& c = s.cluster;
    check_nodes(c.nodes, found);
    if (c.spread_max > c.candidates) {
        found.push_back({"cluster.spread_max", "cluster.candidates", 0,
                         fmt::format("expected at most cluster.candidates ({}), got {}",
                                     c.candidates, c.spread_max)});
    }
    if (c.membership == membership_kind::none) return;
    if (c.secret_file.empty()) {
        found.push_back({"cluster.secret_file", membership, 0,
                         "expected the path of a file while cluster.membership is not \"none\", "
                         "got none"});
    }
    if (c.membership == membership_kind::fixed) check_static(s, found);
    if (c.membership == membership_kind::dns && c.dns_name.empty()) {
        found.push_back({"cluster.dns_name", membership, 0,
                         "expected a name and a port while cluster.membership is \"dns\", got "
                         "none"});
    }
    if (c.membership == membership_kind::etcd) check_etcd(s, found);
}

void check_nodes(const std::vector<cluster_node_settings>& nodes, std::vector<conflict>& found) {
    std::set<std::string_view> names;
    std::set<std::string_view> addresses;
    for (std::size_t row = 0; row < nodes.size(); ++row) {
        const cluster_node_settings& node = nodes[row];
        // A row without one is refused for that.
        if (!node.name.empty() && !names.insert(node.name).second) {
            found.push_back({"cluster.node.name", "cluster.node.name", row,
                             fmt::format("expected each name once, got \"{}\" again", node.name)});
        }
        if (!node.address.empty() && !addresses.insert(node.address).second) {
            found.push_back(
                {"cluster.node.address", "cluster.node.address", row,
                 fmt::format("expected each address once, got \"{}\" again", node.address)});
        }
    }
}

const cluster_node_settings* find_node(const std::vector<cluster_node_settings>& nodes,
                                       std::string_view name) {
    const auto found = std::ranges::find_if(nodes, [&](const cluster_node_settings& node) {
        return node.name == name && node.capacity > bytes(0);
    });
    return found == nodes.end() ? nullptr : &*found;
}

}  // namespace lode::tools
