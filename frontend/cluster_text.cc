// The report on a cluster as a page for people, and as JSON.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "frontend/cluster_report.h"
#include "frontend/json_text.h"

namespace lode::frontend {
namespace {

std::string size_text(bytes amount) {
    constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    auto left = static_cast<double>(amount.count());
    std::size_t unit = 0;
    while (left >= 1024 && unit + 1 < std::size(units)) {
        left /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{}B", amount.count())
                     : fmt::format("{:.1f}{}", left, units[unit]);
}

std::string since_text(const member_report& m) {
    if (!m.since) return "-";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*m.since).count();
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min", seconds / 60);
    if (seconds < 172'800) return fmt::format("{} h", seconds / 3600);
    return fmt::format("{} d", seconds / 86'400);
}

std::string_view view_text(const cluster_report& r, const member_report& m) {
    if (m.is_self) return "this node";
    if (!m.view) return "?";
    return *m.view == r.view ? "same" : "differs";
}

int width_of(const cluster_report& r, std::string_view title, std::string cluster::member::* what) {
    std::size_t width = title.size();
    for (const member_report& m : r.members) width = std::max(width, (m.who.*what).size());
    return static_cast<int>(width);
}

}  // namespace

std::string_view name_of(membership_kind k) {
    switch (k) {
        case membership_kind::none: return "none";
        case membership_kind::fixed: return "static";
        case membership_kind::dns: return "dns";
        case membership_kind::etcd: return "etcd";
    }
    return "";
}

std::string print_cluster(const cluster_report& r) {
    std::string out =
        fmt::format("cluster {}, {} members, view {:016x}\n", r.name, r.members.size(), r.view);
    out += fmt::format("  membership    {}: {} nodes listed\n", name_of(r.source), r.status.nodes);
    if (!r.status.problem.empty()) {
        out += fmt::format("  trouble       cluster.membership: {}\n", r.status.problem);
    }
    for (const cluster::roster_conflict& c : r.conflicts) {
        out += fmt::format("  trouble       {}\n", c.sentence);
    }
    if (const auto others = r.disagreeing(); others > 0) {
        out += fmt::format("  trouble       {} members see another cluster than this node does\n",
                           others);
    }
    const int name = width_of(r, "member", &cluster::member::name);
    const int zone = width_of(r, "zone", &cluster::member::zone);
    out += fmt::format("  {:<{}}  {:<{}}  {:<8}  {:>7}  {:>6}  {:>9}  {:>9}  {:<9}  {:>7}  {}\n",
                       "member", name, "zone", zone, "state", "since", "share", "capacity", "load",
                       "view", "asked", "address");
    for (const member_report& m : r.members) {
        out += fmt::format(
            "  {:<{}}  {:<{}}  {:<8}  {:>7}  {:>5.1f}%  {:>9}  {:>9}  {:<9}  {:>7}  {}\n",
            m.who.name, name, m.who.zone.empty() ? "-" : m.who.zone, zone, name_of(m.state),
            since_text(m), 100 * m.share, size_text(m.who.capacity), size_text(m.load),
            view_text(r, m), m.questions.asked, m.who.address);
    }
    return out;
}

std::string print_cluster_json(const cluster_report& r) {
    std::string members;
    for (const member_report& m : r.members) {
        const peer_tally& q = m.questions;
        const auto seconds =
            m.since ? fmt::format("{:.3f}", std::chrono::duration<double>(*m.since).count())
                    : std::string("null");
        members += fmt::format(
            R"({}{{"name":{},"self":{},"address":{},"zone":{},"state":"{}","since_seconds":{},)"
            R"("capacity":{},"slots":{},"share":{:.4f},"load":{},"view":{},"agrees":{},)"
            R"("asked":{},"answered":{},"refused":{},"failed":{},"broken_off":{},"bytes_in":{}}})",
            members.empty() ? "" : ",", in_json(m.who.name), m.is_self, in_json(m.who.address),
            in_json(m.who.zone), name_of(m.state), seconds, m.who.capacity.count(), m.slots,
            m.share, m.load.count(), m.view ? fmt::format("\"{:016x}\"", *m.view) : "null",
            m.view ? fmt::format("{}", *m.view == r.view) : "null", q.asked, q.answered, q.refused,
            q.failed, q.broken_off, q.bytes_in);
    }
    std::string conflicts;
    for (const cluster::roster_conflict& c : r.conflicts) {
        conflicts += fmt::format("{}{}", conflicts.empty() ? "" : ",", in_json(c.sentence));
    }
    return fmt::format(
        R"({{"cluster":{},"node":{},"zone":{},"view":"{:016x}","disagreeing":{},)"
        R"("membership":{{"source":"{}","nodes":{},"problem":{},"lists":{},"failures":{}}},)"
        R"("conflicts":[{}],"members":[{}]}})"
        "\n",
        in_json(r.name), in_json(r.node), in_json(r.zone), r.view, r.disagreeing(),
        name_of(r.source), r.status.nodes,
        r.status.problem.empty() ? "null" : in_json(r.status.problem), r.lists, r.list_failures,
        conflicts, members);
}

}  // namespace lode::frontend
