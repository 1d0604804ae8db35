#include "frontend/cluster_report.h"

#include <fmt/format.h>

#include "frontend/cluster_metrics.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

cluster_report two_members() {
    cluster_report r{.name = "prod",
                     .node = "a",
                     .source = membership_kind::fixed,
                     .view = 0xabc,
                     .status = {.problem = {}, .nodes = 2, .heard_of = true}};
    r.members.push_back(
        {.who = {.name = "a", .address = "10.0.0.1:9001", .capacity = bytes(1ULL << 40U)},
         .is_self = true,
         .state = cluster::peer_state::up,
         .since = {},
         .slots = 16,
         .share = 0.25,
         .view = 0xabc});
    r.members.push_back({.who = {.name = "long-name",
                                 .address = "10.0.0.2:9001",
                                 .zone = "z",
                                 .capacity = bytes(3ULL << 40U)},
                         .state = cluster::peer_state::suspect,
                         .since = 90s,
                         .slots = 48,
                         .share = 0.75,
                         .load = bytes(1536),
                         .view = 0xabc,
                         .questions = {.asked = 7, .answered = 5, .bytes_in = 11}});
    return r;
}

std::string metrics_of(const cluster_report& r) {
    metrics_page page;
    describe_cluster(page, {}, r);
    return page.text();
}

}  // namespace

TEST_CASE("the cluster is a table of its members") {
    CHECK(print_cluster(two_members()) ==
          "cluster prod, 2 members, view 0000000000000abc\n"
          "  membership    static: 2 nodes listed\n"
          "  member     zone  state       since   share   capacity       load  view         asked  "
          "address\n"
          "  a          -     up              -   25.0%     1.0TiB         0B  this node        0  "
          "10.0.0.1:9001\n"
          "  long-name  z     suspect      90 s   75.0%     3.0TiB     1.5KiB  same             7  "
          "10.0.0.2:9001\n");
}

TEST_CASE("what is wrong with a cluster is said before its members") {
    cluster_report r = two_members();
    r.status.problem = "the list /x cannot be read";
    r.conflicts.push_back({cluster::roster_conflict::kind::same_name, "two nodes say \"b\""});
    r.members.back().view = 1;

    const std::string text = print_cluster(r);
    CHECK(text.contains("  trouble       cluster.membership: the list /x cannot be read\n"));
    CHECK(text.contains("  trouble       two nodes say \"b\"\n"));
    CHECK(text.contains("  trouble       1 members see another cluster than this node does\n"));
    CHECK(text.contains("  differs "));
    const std::string json = print_cluster_json(r);
    CHECK(json.contains(R"("problem":"the list /x cannot be read")"));
    CHECK(json.contains(R"("conflicts":["two nodes say \"b\""])"));
    CHECK(json.contains(R"("disagreeing":1)"));
}

TEST_CASE("only who speaks can disagree") {
    cluster_report r = two_members();
    r.members.back().view = 1;
    CHECK(r.disagreeing() == 1);
    r.members.back().state = cluster::peer_state::down;
    CHECK(r.disagreeing() == 0);
    r.members.back().state = cluster::peer_state::up;
    r.members.back().view.reset();
    CHECK(r.disagreeing() == 0);
    CHECK(print_cluster_json(r).contains(R"("view":null,"agrees":null)"));
}

TEST_CASE("the metrics count members by zone and state, and what became of questions to each") {
    const std::string text = metrics_of(two_members());

    for (const char* line : {"lode_cluster_members{zone=\"\",state=\"up\"} 1\n",
                             "lode_cluster_members{zone=\"z\",state=\"suspect\"} 1\n",
                             "lode_cluster_members{zone=\"z\",state=\"up\"} 0\n",
                             "lode_cluster_slots{zone=\"z\"} 48\n", "lode_cluster_own_slots 16\n",
                             "lode_membership_current{source=\"static\"} 1\n",
                             "lode_peer_state{peer=\"long-name\",state=\"suspect\"} 1\n",
                             "lode_peer_questions_total{peer=\"long-name\"} 7\n",
                             "lode_peer_answers_total{peer=\"long-name\"} 5\n",
                             "lode_peer_received_bytes_total{peer=\"long-name\"} 11\n",
                             "lode_peer_turned_away_total{reason=\"proof\"} 0\n"}) {
        CHECK(text.contains(line));
    }
    CHECK_FALSE(text.contains("peer=\"a\""));
}

TEST_CASE("of very many peers the last ones are summed up") {
    cluster_report r = two_members();
    for (std::size_t n = 0; n < peers_named + 1; ++n) {
        member_report m = r.members[1];
        m.who.name = fmt::format("m{:05}", n);
        r.members.push_back(std::move(m));
    }

    const std::string text = metrics_of(r);

    CHECK(text.contains("lode_peer_questions_total{peer=\"m00510\"} 7\n"));
    CHECK_FALSE(text.contains("peer=\"m00511\""));
    CHECK(text.contains("lode_peer_questions_total{peer=\"others\"} 14\n"));
}
