#include "frontend/cluster_metrics.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "frontend/clustering.h"

namespace lode::frontend {
namespace {

using kind = metrics_page::kind;

constexpr std::array<cluster::peer_state, 5> all_states = {
    cluster::peer_state::joining, cluster::peer_state::up, cluster::peer_state::suspect,
    cluster::peer_state::down, cluster::peer_state::draining};

// The sum of one counter over all cores.
template <class Pick>
std::uint64_t sum_clustered(std::span<serving* const> cores, Pick pick) {
    std::uint64_t total = 0;
    for (const serving* s : cores) {
        if (s != nullptr && s->cluster != nullptr) total += pick(*s->cluster).value();
    }
    return total;
}

void describe_members(metrics_page& page, const cluster_report& r) {
    std::map<std::pair<std::string, cluster::peer_state>, std::uint64_t> members;
    std::map<std::string, std::uint64_t> slots;
    std::uint64_t own = 0;
    for (const member_report& m : r.members) {
        for (const cluster::peer_state s : all_states) members.try_emplace({m.who.zone, s}, 0);
        ++members[{m.who.zone, m.state}];
        slots[m.who.zone] += m.slots;
        if (m.is_self) own = m.slots;
    }
    for (const auto& [place, count] : members) {
        page.add(kind::gauge, "lode_cluster_members", "Members, this node among them, by state",
                 count, {{"zone", place.first}, {"state", name_of(place.second)}});
    }
    for (const auto& [zone, count] : slots) {
        page.add(kind::gauge, "lode_cluster_slots", "Slots that somebody has", count,
                 {{"zone", zone}});
    }
    page.add(kind::gauge, "lode_cluster_own_slots", "Slots that this node has", own);
    page.add(kind::gauge, "lode_cluster_disagreeing_members",
             "Members that see another cluster than this node does", r.disagreeing());
    page.add(kind::gauge, "lode_cluster_conflicts",
             "Pairs of nodes with one name or one address, of which one is left out",
             r.conflicts.size());
    page.add(kind::counter, "lode_cluster_conflicts_total", "Such conflicts since the start",
             r.conflicts_seen);
}

void describe_source(metrics_page& page, const cluster_report& r) {
    const std::string_view source = name_of(r.source);
    page.add(kind::gauge, "lode_membership_current",
             "1: the list of nodes is up to date; 0: the last one stays in force",
             r.status.problem.empty() && r.status.heard_of ? 1 : 0, {{"source", source}});
    page.add(kind::gauge, "lode_membership_nodes", "Nodes in the list", r.status.nodes);
    page.add(kind::counter, "lode_membership_lists_total", "Lists of nodes that were new", r.lists);
    page.add(kind::counter, "lode_membership_failures_total",
             "Times that the list could not be had", r.list_failures);
    page.add(kind::counter, "lode_membership_skipped_total",
             "Entries of the list that could not be read or were too many", r.entries_skipped);
}

// The first ones by name, and what the others come to.
struct shown_peers {
    std::vector<const member_report*> named;
    std::optional<peer_tally> others;
};

shown_peers choose_shown(const cluster_report& r) {
    shown_peers shown;
    for (const member_report& m : r.members) {
        if (m.is_self) continue;
        if (shown.named.size() < peers_named) {
            shown.named.push_back(&m);
        } else {
            if (!shown.others) shown.others.emplace();
            *shown.others += m.questions;
        }
    }
    return shown;
}

void describe_peers(metrics_page& page, const cluster_report& r) {
    const shown_peers shown = choose_shown(r);
    for (const member_report* m : shown.named) {
        for (const cluster::peer_state s : all_states) {
            page.add(kind::gauge, "lode_peer_state", "1 for the state that a peer is in",
                     m->state == s ? 1 : 0, {{"peer", m->who.name}, {"state", name_of(s)}});
        }
    }
    const auto add = [&](std::string_view family, std::string_view help,
                         std::uint64_t peer_tally::* what) {
        for (const member_report* m : shown.named) {
            page.add(kind::counter, family, help, m->questions.*what, {{"peer", m->who.name}});
        }
        if (shown.others) {
            page.add(kind::counter, family, help, *shown.others.*what, {{"peer", "others"}});
        }
    };
    add("lode_peer_questions_total", "Questions about parts to a peer", &peer_tally::asked);
    add("lode_peer_answers_total", "Those answered with bytes, or with what was asked",
        &peer_tally::answered);
    add("lode_peer_refusals_total", "Those refused: it had too much to do, or another version",
        &peer_tally::refused);
    add("lode_peer_failures_total", "Those without an answer, or without one to be believed",
        &peer_tally::failed);
    add("lode_peer_broken_answers_total", "Answers of a peer that ended early",
        &peer_tally::broken_off);
    add("lode_peer_received_bytes_total", "Bytes of parts that came from a peer",
        &peer_tally::bytes_in);
    add("lode_peer_rivalled_total",
        "Questions that another peer was asked, too, because this one was late",
        &peer_tally::rivalled);
    add("lode_peer_probes_total", "Times that a peer was looked after", &peer_tally::probes);
    add("lode_peer_probes_failed_total", "Those that it did not answer",
        &peer_tally::probes_failed);
}

void describe_service(metrics_page& page, std::span<serving* const> cores) {
    const auto add = [&](std::string_view family, std::string_view help, auto pick) {
        page.add(kind::counter, family, help, sum_clustered(cores, pick));
    };
    add("lode_peer_asked_total", "Questions about parts by peers",
        [](const clustering& c) -> auto& { return c.served.asked; });
    add("lode_peer_asked_layouts_total", "Questions about layouts by peers",
        [](const clustering& c) -> auto& { return c.served.layouts; });
    add("lode_peer_asked_versions_total",
        "Questions about the current version of an object by peers",
        [](const clustering& c) -> auto& { return c.served.versions; });
    add("lode_peer_asked_fills_total", "Those for which something had to be fetched",
        [](const clustering& c) -> auto& { return c.served.filled; });
    add("lode_peer_asked_refused_total", "Those that were answered with a no",
        [](const clustering& c) -> auto& { return c.served.refused; });
    add("lode_peer_asked_broken_total", "Answers to peers that ended early",
        [](const clustering& c) -> auto& { return c.served.broken; });
    add("lode_peer_sent_bytes_total", "Bytes of parts sent to peers",
        [](const clustering& c) -> auto& { return c.served.bytes_out; });
    page.add(kind::gauge, "lode_peer_bytes_in_flight", "Bytes on their way to peers now",
             sum_clustered(cores, [](const clustering& c) -> auto& { return c.served.in_flight; }));
    add("lode_peer_connections_total", "Connections of peers accepted",
        [](const clustering& c) -> auto& { return c.connections.accepted; });
    add("lode_peer_connections_refused_total", "Connections of peers over the limit",
        [](const clustering& c) -> auto& { return c.connections.refused; });
    page.add(kind::gauge, "lode_peer_connections", "Connections of peers now",
             sum_clustered(cores, [](const clustering& c) -> auto& { return c.connections.open; }));
    add("lode_peer_greeted_total", "Peers that were let in",
        [](const clustering& c) -> auto& { return c.greeter.stats().greeted; });
    for (std::size_t n = 0; n < peer::refusals; ++n) {
        const auto why = static_cast<peer::refusal>(n);
        page.add(kind::counter, "lode_peer_turned_away_total",
                 "Connections to the peer port that were turned away, by reason",
                 sum_clustered(cores,
                               [why](const clustering& c) -> auto& {
                                   return c.greeter.stats().refused.of(why);
                               }),
                 {{"reason", peer::name_of(why)}});
    }
}

}  // namespace

void describe_cluster(metrics_page& page, std::span<serving* const> cores,
                      const cluster_report& report) {
    describe_members(page, report);
    describe_source(page, report);
    describe_peers(page, report);
    describe_service(page, cores);
}

}  // namespace lode::frontend
