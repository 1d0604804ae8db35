#include "tools/lode/membership.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cluster/dns_membership.h"
#include "cluster/etcd_membership.h"
#include "engine/base/assert.h"
#include "tools/lode/cluster_check.h"
#include "tools/lode/configuration.h"
#include "tools/lode/small_file.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

using frontend::membership_kind;
using frontend::settings;
using source_or_sentence = std::expected<std::unique_ptr<cluster::membership>, std::string>;

std::vector<cluster::listed_node> as_listed(
    const std::vector<frontend::cluster_node_settings>& rows) {
    std::vector<cluster::listed_node> nodes;
    nodes.reserve(rows.size());
    for (const auto& row : rows) {
        nodes.push_back(
            {.name = row.name, .address = row.address, .zone = row.zone, .capacity = row.capacity});
    }
    return nodes;
}

source_or_sentence make_static(const settings& s) {
    return std::make_unique<cluster::static_membership>(cluster::static_options{
        .self = s.node.name,
        .nodes = as_listed(s.cluster.nodes),
        .nodes_file = s.cluster.nodes_file,
        .parse = [file = s.cluster.nodes_file](
                     std::string_view text) { return read_node_list(text, file); },
        .slot_unit = s.cluster.slot_unit,
        .refresh = s.cluster.dns_refresh,
    });
}

source_or_sentence make_dns(const settings& s) {
    return std::make_unique<cluster::dns_membership>(cluster::dns_options{
        .name = s.cluster.dns_name,
        .refresh = s.cluster.dns_refresh,
        .self = s.node.name,
        .own_address = s.cluster.advertise.empty() ? s.listen.peer : s.cluster.advertise,
    });
}

source_or_sentence make_etcd(const settings& s) {
    std::string password;
    if (!s.cluster.etcd_password_file.empty()) {
        auto text = read_small_file(s.cluster.etcd_password_file, secret_most);
        if (!text) {
            return std::unexpected(fmt::format("cluster.etcd_password_file {} cannot be read: {}.",
                                               s.cluster.etcd_password_file,
                                               describe(text.error())));
        }
        text->resize(text->find_last_not_of("\r\n") + 1);
        password = std::move(*text);
    }
    return std::make_unique<cluster::etcd_membership>(cluster::etcd_options{
        .endpoints = s.cluster.etcd_endpoints,
        .prefix = fmt::format("{}/{}", s.cluster.etcd_prefix, s.cluster.name),
        .user = s.cluster.etcd_user,
        .password = std::move(password),
        .ca_file = s.cluster.etcd_ca_file,
        .lease = s.cluster.etcd_lease,
        .self = s.node.name,
    });
}

}  // namespace

std::string own_peer_address(const settings& s) {
    if (!s.cluster.advertise.empty()) return s.cluster.advertise;
    return is_reachable_address(s.listen.peer) ? s.listen.peer : std::string();
}

source_or_sentence make_membership(const settings& s) {
    LODE_ASSERT(!s.node.name.empty());
    switch (s.cluster.membership) {
        case membership_kind::none: return nullptr;
        case membership_kind::fixed: return make_static(s);
        case membership_kind::dns: return make_dns(s);
        case membership_kind::etcd: return make_etcd(s);
    }
    LODE_ASSERT(false);
}

std::expected<std::vector<cluster::listed_node>, std::string> read_node_list(
    std::string_view text, std::string_view file) {
    const node_list list = parse_node_list(text);
    if (list.problems.empty()) return as_listed(list.nodes);
    std::string said = print_problems(std::span(list.problems).first(1), file);
    said.pop_back();
    return std::unexpected(std::move(said));
}

}  // namespace lode::tools
