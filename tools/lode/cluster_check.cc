#include "tools/lode/cluster_check.h"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "frontend/s3/digest.h"
#include "tools/lode/cluster_rules.h"
#include "tools/lode/configuration.h"
#include "tools/lode/quantity.h"
#include "tools/lode/small_file.h"

namespace lode::tools {
namespace {

using frontend::membership_kind;
using frontend::settings;

// A file that holds one secret: who may read it, and how long the secret is. A line's end is not
// part of it.
finding check_secret(std::string_view key, const std::string& path, bytes least, host_view& host) {
    auto text = read_small_file(path, secret_most);
    if (!text) {
        const error e = text.error();
        return fatal(
            fmt::format("{} {} cannot be read: {}.", key, path,
                        e.code == errc::too_large ? "it is larger than " + print_size(secret_most)
                                                  : std::generic_category().message(e.sys)),
            "Correct the path, or let the user that runs lode read it.");
    }
    const auto last = text->find_last_not_of("\r\n");
    const std::size_t length = last == std::string::npos ? 0 : last + 1;
    frontend::s3::wipe(*text);
    if (bytes(length) < least) {
        return fatal(fmt::format("{} {} has {} bytes, and at least {} are expected.", key, path,
                                 length, least.count()),
                     fmt::format("Write a longer one: `openssl rand -hex 32 > {}`.", path));
    }
    if (host.others_may_read(path)) {
        return {severity::warning,
                fmt::format("Every user of this host may read the secret in {} {}.", key, path),
                fmt::format("Run `chmod 600 {}`.", path)};
    }
    return fine(fmt::format("{} {} can be used.", key, path));
}

}  // namespace

finding check_cluster_secret(const settings& s, host_view& host) {
    return check_secret("cluster.secret_file", s.cluster.secret_file, secret_least, host);
}

finding check_etcd_password(const settings& s, host_view& host) {
    return check_secret("cluster.etcd_password_file", s.cluster.etcd_password_file, bytes(1), host);
}

finding check_node_list(const settings& s) {
    node_list list{.nodes = s.cluster.nodes, .problems = {}};
    std::string where = "[[cluster.node]]";
    if (!s.cluster.nodes_file.empty()) {
        where = s.cluster.nodes_file;
        list = load_node_list(where);
    }
    if (!list.problems.empty()) {
        std::string said = print_problems(std::span(list.problems).first(1), where);
        said.pop_back();
        return fatal(fmt::format("cluster.nodes_file: {}.", said), "Correct the file.");
    }
    const auto* own = find_node(list.nodes, s.node.name);
    if (own == nullptr) {
        return fatal(fmt::format("This node calls itself \"{}\", and no node of {} with a capacity "
                                 "has that name.",
                                 s.node.name, where),
                     "Set node.name, or add this node to the list, on every node.");
    }
    if (own->zone != s.node.zone) {
        return fatal(fmt::format("This node's zone is \"{}\" by node.zone and \"{}\" by {}.",
                                 s.node.zone, own->zone, where),
                     "Correct one of them.");
    }
    return fine(
        fmt::format("{} has {} nodes, and this one is among them.", where, list.nodes.size()));
}

finding check_state_file(const settings& s, host_view& host) {
    const int failed = host.try_write(s.cluster.state_file);
    if (failed == 0) {
        return fine(fmt::format("cluster.state_file {} can be written.", s.cluster.state_file));
    }
    return {severity::warning,
            fmt::format("cluster.state_file {} cannot be written: {}.", s.cluster.state_file,
                        std::generic_category().message(failed)),
            "Correct the path; without it this node may own other parts after a restart."};
}

std::vector<finding> check_cluster_files(const settings& s, host_view& host) {
    std::vector<finding> found{check_cluster_secret(s, host)};
    if (s.cluster.membership == membership_kind::fixed) {
        found.push_back(check_node_list(s));
        return found;
    }
    found.push_back(check_state_file(s, host));
    if (s.cluster.membership == membership_kind::etcd) {
        if (!s.cluster.etcd_password_file.empty()) found.push_back(check_etcd_password(s, host));
        if (!s.cluster.etcd_ca_file.empty()) {
            found.push_back(check_ca_file("cluster.etcd_ca_file", s.cluster.etcd_ca_file, host));
        }
    }
    return found;
}

}  // namespace lode::tools
