// frontend/cluster_report.h
//
// What a node knows of its cluster at one moment, for metrics and operators: the members and what became of
// the questions to each, what is wrong, and how the source of membership does.
//
//   Core     Core 0. What belongs to another core is fetched by message.
//   Memory   A few hundred bytes for each member, as long as the report lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/membership.h"
#include "cluster/roster.h"
#include "engine/runtime/task.h"
#include "frontend/cluster_lead.h"

namespace lode::frontend {

// Of peer::peer_counters, over all cores.
struct peer_tally {
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
    std::uint64_t broken_off = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t rivalled = 0;
    std::uint64_t probes = 0;
    std::uint64_t probes_failed = 0;

    peer_tally& operator+=(const peer_tally& other);
};

struct member_report {
    cluster::member who;
    bool is_self = false;
    cluster::peer_state state = cluster::peer_state::joining;
    std::optional<duration> since;      // how long it has been in this state; nothing of ourselves
    std::uint64_t slots = 0;            // that it holds
    double share = 0;                   // of its zone's
    bytes load;                         // in flight, as it said last
    std::optional<std::uint64_t> view;  // digest, as it said last; nothing: not heard of
    peer_tally questions;
};

struct cluster_report {
    std::string name;  // of the cluster
    std::string node;  // this one's
    std::string zone;
    membership_kind source = membership_kind::none;
    std::uint64_t view = 0;              // digest
    std::vector<member_report> members;  // by name
    std::vector<cluster::roster_conflict> conflicts;
    std::uint64_t conflicts_seen = 0;
    cluster::membership_status status;
    std::uint64_t lists = 0;
    std::uint64_t list_failures = 0;
    std::uint64_t entries_skipped = 0;

    // Whether a member says another view than ours. One that is down says nothing.
    [[nodiscard]] bool disagrees(const member_report& m) const;
    [[nodiscard]] std::uint64_t disagreeing() const;
};

[[nodiscard]] engine::task<cluster_report> report_on(const node_context& node,
                                                     const cluster_lead& lead);

// A page for people, and the same for programs.
[[nodiscard]] std::string print_cluster(const cluster_report& r);
[[nodiscard]] std::string print_cluster_json(const cluster_report& r);

// "static", as in the configuration.
[[nodiscard]] std::string_view name_of(membership_kind k);

}  // namespace lode::frontend
