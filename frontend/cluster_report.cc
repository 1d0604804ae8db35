#include "frontend/cluster_report.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/runtime/remote.h"
#include "frontend/clustering.h"

namespace lode::frontend {
namespace {

// A peer as one core sees it.
struct sighting {
    std::string name;
    cluster::peer_state state;
    time_point since;
    time_point heard;
    std::uint64_t view;
    bytes load;
    peer_tally questions;
};

sighting sighting_of(const peer::peer_node& p) {
    const peer::peer_counters& c = p.counts;
    return {.name = p.name,
            .state = p.health.state(),
            .since = p.health.since(),
            .heard = p.health.heard(),
            .view = p.view,
            .load = p.load,
            .questions = {.asked = c.asked.value(),
                          .answered = c.answered.value(),
                          .refused = c.refused.value(),
                          .failed = c.failed.value(),
                          .broken_off = c.broken_off.value(),
                          .bytes_in = c.bytes_in.value(),
                          .rivalled = c.rivalled.value(),
                          .probes = c.probes.value(),
                          .probes_failed = c.probes_failed.value()}};
}

std::vector<sighting> sightings_on(const serving& there) {
    std::vector<sighting> all;
    for (const auto& [name, peer] : there.cluster->peers.all()) all.push_back(sighting_of(*peer));
    return all;
}

// The cores tell each other of changes, so the newest state is the true one; load and view are the
// word that was heard last.
void merge(sighting& into, const sighting& other) {
    if (other.state == into.state) {
        into.since = std::min(into.since, other.since);
    } else if (other.since > into.since) {
        into.state = other.state;
        into.since = other.since;
    }
    if (other.view != 0 && (into.view == 0 || other.heard > into.heard)) {
        into.view = other.view;
        into.load = other.load;
        into.heard = other.heard;
    }
    into.questions += other.questions;
}

using sightings = std::unordered_map<std::string, sighting>;

engine::task<sightings> sightings_everywhere(const node_context& node) {
    sightings merged;
    for (std::size_t core = 0; core < node.servings.size(); ++core) {
        const serving* there = node.servings[core];
        if (there == nullptr || there->cluster == nullptr) continue;
        auto seen = co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                             [there] { return sightings_on(*there); });
        for (sighting& s : seen) {
            const auto [place, is_new] = merged.try_emplace(s.name, s);
            if (!is_new) merge(place->second, s);
        }
    }
    co_return merged;
}

cluster::peer_state own_state(const clustering& c) {
    switch (state_of(c)) {
        case peer::node_state::joining: return cluster::peer_state::joining;
        case peer::node_state::up: return cluster::peer_state::up;
        case peer::node_state::draining: return cluster::peer_state::draining;
    }
    std::unreachable();
}

// How many slots each member has.
std::vector<std::uint64_t> slots_by_member(const cluster::view& v) {
    std::vector<std::uint64_t> slots(v.members().size());
    for (const std::string& zone : v.zones()) {
        const cluster::slot_table& table = v.table(zone);
        for (std::uint32_t s = 0; s < table.size(); ++s) {
            if (const auto who = table.owner(s)) ++slots[who->value()];
        }
    }
    return slots;
}

void list_members(cluster_report& r, const cluster::view& view, const clustering& here,
                  const sightings& seen) {
    const auto slots = slots_by_member(view);
    const time_point now = engine::now();
    for (std::size_t n = 0; n < slots.size(); ++n) {
        member_report m{.who = view.members()[n], .since = {}, .slots = slots[n], .view = {}};
        const std::uint32_t all = view.table(m.who.zone).occupied();
        if (all > 0) m.share = static_cast<double>(slots[n]) / all;
        m.is_self = m.who.name == r.node;
        if (m.is_self) {
            m.state = own_state(here);
            m.load = load_of(here.here.node);
            m.view = r.view;
        } else if (const auto found = seen.find(m.who.name); found != seen.end()) {
            const sighting& s = found->second;
            m.state = s.state;
            m.since = std::max(now - s.since, duration::zero());
            m.load = s.load;
            if (s.view != 0) m.view = s.view;
            m.questions = s.questions;
        }
        r.members.push_back(std::move(m));
    }
}

}  // namespace

peer_tally& peer_tally::operator+=(const peer_tally& other) {
    asked += other.asked;
    answered += other.answered;
    refused += other.refused;
    failed += other.failed;
    broken_off += other.broken_off;
    bytes_in += other.bytes_in;
    rivalled += other.rivalled;
    probes += other.probes;
    probes_failed += other.probes_failed;
    return *this;
}

bool cluster_report::disagrees(const member_report& m) const {
    return m.view && *m.view != view && m.state != cluster::peer_state::down;
}

std::uint64_t cluster_report::disagreeing() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(members, [this](const member_report& m) { return disagrees(m); }));
}

engine::task<cluster_report> report_on(const node_context& node, const cluster_lead& lead) {
    const auto seen = co_await sightings_everywhere(node);
    const clustering& here = *node.servings.front()->cluster;
    const cluster::roster& known = lead.members();
    const cluster::membership& source = lead.source();
    cluster_report r{.name = node.settings.cluster.name,
                     .node = known.self().name,
                     .zone = known.self().zone,
                     .source = node.settings.cluster.membership,
                     .members = {},
                     .conflicts = known.conflicts(),
                     .conflicts_seen = known.conflicts_seen(),
                     .status = source.status(),
                     .lists = source.counters().lists.value(),
                     .list_failures = source.counters().failures.value(),
                     .entries_skipped = source.counters().skipped.value()};
    // There is none yet in a node's first moment.
    if (const cluster::view_ptr& view = lead.view(); view != nullptr) {
        r.view = view->digest();
        list_members(r, *view, here, seen);
    }
    co_return r;
}

}  // namespace lode::frontend
