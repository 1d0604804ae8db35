#include "cluster/static_membership.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cluster/slot_claim.h"
#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

constexpr duration name_lookup_limit = std::chrono::seconds(10);

bool is_address(const std::string& text) { return engine::socket_address::parse(text).has_value(); }

std::string reason(error e) {
    if (e.code == errc::too_large) return "it is too large";
    return std::generic_category().message(e.sys);
}

}  // namespace

static_membership::static_membership(static_options options, resolver how)
    : options_(std::move(options)),
      lookup_(std::move(how)),
      file_(options_.nodes_file, node_list_most) {
    LODE_ASSERT(options_.nodes_file.empty() || options_.parse);
}

void static_membership::run(const std::stop_token& stopping) {
    if (options_.nodes_file.empty()) use(options_.nodes);
    do {
        if (!options_.nodes_file.empty()) look_at_file();
        resolve(stopping);
        if (stopping.stop_requested()) return;
        if (!nodes_.empty()) publish(as_nodes());
        tell();
    } while (sleep(stopping, options_.look_every));
}

void static_membership::tell() {
    const std::string& problem = file_problem_.empty() ? name_problem_ : file_problem_;
    if (problem == told_) return;
    told_ = problem;
    if (problem.empty()) {
        all_is_well();
    } else {
        complain(problem);
    }
}

void static_membership::look_at_file() {
    const auto text = file_.look();
    if (!text) {
        file_problem_ = fmt::format("{} (cluster.nodes_file) cannot be read: {}", file_.path(),
                                    reason(text.error()));
        return;
    }
    if (!*text) return;  // what was wrong with it is wrong still
    auto nodes = options_.parse(**text);
    if (!nodes) {
        file_problem_ = fmt::format("cluster.nodes_file: {}", nodes.error());
        return;
    }
    const bool has_self = std::ranges::any_of(*nodes, [&](const listed_node& node) {
        return node.name == options_.self && node.capacity > bytes(0);
    });
    if (!has_self) {
        file_problem_ = fmt::format(
            "{} (cluster.nodes_file) has no node \"{}\" with a capacity, which is this "
            "node's name",
            file_.path(), options_.self);
        return;
    }
    file_problem_.clear();
    use(std::move(*nodes));
}

void static_membership::use(std::vector<listed_node> nodes) {
    nodes_ = std::move(nodes);
    next_resolving_ = {};
}

// A name that is not known any more keeps the address that it had.
void static_membership::resolve(const std::stop_token& stopping) {
    const time_point now = system_clock().now();
    if (now < next_resolving_) return;
    name_problem_.clear();
    for (const listed_node& node : nodes_) {
        if (is_address(node.address) || node.capacity == bytes(0)) continue;
        const auto [host, port] = split_host_and_port(node.address);
        const auto found = lookup_.find(host, port, name_lookup_limit, stopping);
        if (found && !found->empty()) {
            resolved_[node.address] = found->front();
        } else if (name_problem_.empty()) {
            name_problem_ = fmt::format("the host of node \"{}\", {}, cannot be resolved",
                                        node.name, node.address);
        }
        if (stopping.stop_requested()) return;
    }
    next_resolving_ = now + options_.refresh;
}

std::vector<discovered> static_membership::as_nodes() const {
    std::vector<listed_member> lines;
    lines.reserve(nodes_.size());
    for (const listed_node& node : nodes_) {
        lines.push_back({.zone = node.zone, .capacity = node.capacity});
    }
    auto claims = claims_of_list(lines, options_.slot_unit);
    std::vector<discovered> all;
    all.reserve(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const listed_node& node = nodes_[i];
        if (node.capacity == bytes(0)) continue;
        const auto known = resolved_.find(node.address);
        all.push_back({.name = node.name,
                       .address = known == resolved_.end() ? node.address : known->second,
                       .zone = node.zone,
                       .capacity = node.capacity,
                       .slots = std::move(claims[i])});
    }
    return all;
}

}  // namespace lode::cluster
