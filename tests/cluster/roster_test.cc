#include "cluster/roster.h"

#include <chrono>

#include "tests/catch.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;
using kind = roster_conflict::kind;

constexpr time_point start{1h};

member node(std::string name, std::string address = {}) {
    return {.name = std::move(name), .address = std::move(address), .capacity = bytes(1)};
}

const member me = node("me", "10.0.0.1:1");

std::string names_in(const roster& of) {
    std::string out;
    for (const member& each : of.members()) out += each.name + "@" + each.address + " ";
    return out;
}

std::vector<kind> kinds_in(const roster& of) {
    std::vector<kind> out;
    for (const roster_conflict& each : of.conflicts()) out.push_back(each.what);
    return out;
}

const member* find(const roster& of, std::string_view name) {
    for (const member& each : of.members()) {
        if (each.name == name) return &each;
    }
    return nullptr;
}

discovered at(std::string address) { return {.address = std::move(address)}; }
discovered named(std::string name, std::string address) {
    return {.name = std::move(name), .address = std::move(address), .capacity = bytes(2)};
}

using kinds = std::vector<kind>;

}  // namespace

TEST_CASE("a node is its own only member until others are found") {
    const roster r(me);
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(r.changes() == 0);
}

TEST_CASE("named nodes are members at once, by name, and leave with their entry") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1"), named("me", "10.0.0.1:1"), named("a", "10.0.0.3:1")},
               start);
    CHECK(names_in(r) == "a@10.0.0.3:1 b@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(r.changes() == 1);
    CHECK(r.unknown().empty());

    r.discover({named("b", "10.0.0.2:1"), named("me", "10.0.0.1:1"), named("a", "10.0.0.3:1")},
               start);
    CHECK(r.changes() == 1);

    // However lately it was heard.
    CHECK(r.heard("10.0.0.3:1", node("a"), start));
    r.discover({named("b", "10.0.0.2:1")}, start);
    CHECK(names_in(r) == "b@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(r.conflicts_seen() == 0);
}

TEST_CASE("a named node is what its source says, but for draining, which it says itself") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1")}, start);
    member said = node("b");
    said.zone = "elsewhere";
    said.capacity = bytes(99);
    said.draining = true;

    CHECK(r.heard("10.0.0.2:1", said, start));

    CHECK(find(r, "b")->zone.empty());
    CHECK(find(r, "b")->capacity == bytes(2));
    CHECK(find(r, "b")->draining);
    said.draining = false;
    CHECK(r.heard("10.0.0.2:1", said, start));
    CHECK_FALSE(find(r, "b")->draining);
}

TEST_CASE("an address is a member when the node behind it was heard") {
    roster r(me);
    r.discover({at("10.0.0.1:1"), at("10.0.0.2:1"), at("10.0.0.3:1")}, start);
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(r.unknown() == std::vector<std::string>{"10.0.0.2:1", "10.0.0.3:1"});

    member said = node("b", "what it says of its address does not count");
    said.zone = "z";
    said.slots = {{4, 2}};
    CHECK(r.heard("10.0.0.2:1", said, start));

    CHECK(names_in(r) == "b@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(find(r, "b")->zone == "z");
    CHECK(find(r, "b")->slots == said.slots);
    CHECK(r.unknown() == std::vector<std::string>{"10.0.0.3:1"});
    const auto changes = r.changes();
    CHECK(r.heard("10.0.0.2:1", said, start + 1s));
    CHECK(r.changes() == changes);
}

TEST_CASE("an address that is found no more lingers while it is heard") {
    roster r(me, {.linger = 60s});
    r.discover({at("10.0.0.2:1")}, start);
    r.heard("10.0.0.2:1", node("b"), start);

    r.discover({at("10.0.0.9:1")}, start + 100s);
    r.expire(start + 159s);
    CHECK(find(r, "b") != nullptr);
    CHECK(r.heard("10.0.0.2:1", node("b"), start + 159s));
    r.expire(start + 218s);
    CHECK(find(r, "b") != nullptr);
    r.expire(start + 219s);
    CHECK(find(r, "b") == nullptr);

    CHECK_FALSE(r.heard("10.0.0.2:1", node("b"), start + 220s));
    CHECK(find(r, "b") == nullptr);
}

TEST_CASE("of two nodes with one name the first one stays, and it is said once") {
    roster r(me);
    r.discover({at("10.0.0.2:1"), at("10.0.0.3:1")}, start);
    CHECK(r.heard("10.0.0.3:1", node("b"), start));
    CHECK_FALSE(r.heard("10.0.0.2:1", node("b"), start + 1s));
    CHECK_FALSE(r.heard("10.0.0.2:1", node("b"), start + 2s));

    CHECK(names_in(r) == "b@10.0.0.3:1 me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::same_name});
    CHECK(
        r.conflicts().front().sentence ==
        "the nodes at 10.0.0.3:1 and 10.0.0.2:1 both call themselves \"b\": the one at 10.0.0.2:1 "
        "is left out");
    CHECK(r.conflicts_seen() == 1);

    CHECK(r.heard("10.0.0.2:1", node("c"), start + 3s));
    CHECK(r.conflicts().empty());
    CHECK(names_in(r) == "b@10.0.0.3:1 c@10.0.0.2:1 me@10.0.0.1:1 ");
}

TEST_CASE("a node that went silent gives its name to the address where it is heard now") {
    roster r(me, {.linger = 600s, .silence = 30s});
    r.discover({at("10.0.0.2:1"), at("10.0.0.3:1")}, start);
    CHECK(r.heard("10.0.0.2:1", node("b"), start));
    CHECK_FALSE(r.heard("10.0.0.3:1", node("b"), start + 29s));
    CHECK(r.heard("10.0.0.3:1", node("b"), start + 30s));
    CHECK(names_in(r) == "b@10.0.0.3:1 me@10.0.0.1:1 ");
    CHECK_FALSE(r.heard("10.0.0.2:1", node("b"), start + 31s));
}

TEST_CASE(
    "a node that moved to an address that is found in place of the old one has moved at once") {
    roster r(me, {.linger = 0s});
    r.discover({at("10.0.0.2:1")}, start);
    CHECK(r.heard("10.0.0.2:1", node("b"), start));
    r.discover({at("10.0.0.3:1")}, start + 1s);
    CHECK(r.heard("10.0.0.3:1", node("b"), start + 1s));
    CHECK(names_in(r) == "b@10.0.0.3:1 me@10.0.0.1:1 ");
    CHECK(r.conflicts().empty());
}

TEST_CASE("of two records with one address the one that was there first stays") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1")}, start);
    r.discover({named("a", "10.0.0.2:1"), named("b", "10.0.0.2:1")}, start);

    CHECK(names_in(r) == "b@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::same_address});
    CHECK(r.conflicts().front().sentence ==
          "the nodes \"b\" and \"a\" both claim the address 10.0.0.2:1: \"a\" is left out");

    r.discover({named("a", "10.0.0.2:1")}, start);
    CHECK(names_in(r) == "a@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(r.conflicts().empty());
    CHECK(r.conflicts_seen() == 1);
}

TEST_CASE("of two that come together, every node leaves out the same") {
    roster one(me);
    roster other(me);
    one.discover({named("b", "10.0.0.2:1"), named("a", "10.0.0.2:1")}, start);
    other.discover({named("a", "10.0.0.2:1"), named("b", "10.0.0.2:1")}, start);
    CHECK(names_in(one) == "a@10.0.0.2:1 me@10.0.0.1:1 ");
    CHECK(one.members() == other.members());
}

TEST_CASE("a conflict that goes on is one conflict and changes nothing") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1"), named("c", "10.0.0.3:1")}, start);
    CHECK_FALSE(r.heard("10.0.0.2:1", node("x"), start));
    const auto changes = r.changes();
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(r.heard("10.0.0.2:1", node("x"), start));
        CHECK(r.heard("10.0.0.3:1", node("c"), start));
    }
    CHECK(r.changes() == changes);
    CHECK(r.conflicts_seen() == 1);
    CHECK_FALSE(r.heard("10.0.0.2:1", node("y"), start));
    CHECK(r.conflicts_seen() == 2);
}

TEST_CASE("this node's own name from elsewhere is no member and said as what it is") {
    roster r(me);
    r.discover({at("10.0.0.2:1")}, start);
    CHECK_FALSE(r.heard("10.0.0.2:1", node("me"), start));
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::own_name});
    CHECK(r.conflicts().front().sentence.contains("10.0.0.2:1"));

    roster listed(me);
    listed.discover({named("me", "10.0.0.2:1")}, start);
    CHECK(names_in(listed) == "me@10.0.0.1:1 ");
    CHECK(kinds_in(listed) == kinds{kind::own_name});
}

TEST_CASE("nobody else is at this node's own address") {
    roster r(me);
    r.discover({named("b", "10.0.0.1:1")}, start);
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::same_address});
    CHECK_FALSE(r.heard("10.0.0.1:1", node("b"), start));
}

TEST_CASE("a node that calls itself otherwise than its list does is not the one that is meant") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1"), named("c", "10.0.0.3:1")}, start);

    CHECK_FALSE(r.heard("10.0.0.2:1", node("c"), start));

    CHECK(names_in(r) == "b@10.0.0.2:1 c@10.0.0.3:1 me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::wrong_name});
    CHECK(r.conflicts().front().sentence ==
          "the node at 10.0.0.2:1 calls itself \"c\", and \"b\" is expected there: it is left out");
    CHECK(r.heard("10.0.0.2:1", node("b"), start));
    CHECK(r.conflicts().empty());
}

TEST_CASE("what comes from an address that nobody knows does not count") {
    roster r(me);
    CHECK_FALSE(r.heard("10.0.0.2:1", node("b"), start));
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
}

TEST_CASE("a node that does not know its address learns it from its source") {
    roster r(node("me"));
    r.discover({named("me", "10.0.0.1:1"), at("10.0.0.2:1")}, start);
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(r.conflicts().empty());
    CHECK(r.unknown() == std::vector<std::string>{"10.0.0.2:1"});
}

TEST_CASE("what this node says of itself takes the place of what it was") {
    roster r(me);
    r.discover({named("b", "10.0.0.2:1")}, start);
    member claimed = me;
    claimed.slots = {{0, 3}};
    const auto before = r.changes();

    r.set_self(claimed);
    r.set_self(claimed);

    CHECK(r.changes() == before + 1);
    CHECK(*find(r, "me") == claimed);
}

TEST_CASE("a cluster has a most") {
    roster r(me);
    std::vector<discovered> all;
    for (std::uint32_t i = 1; i < members_max; ++i) {
        all.push_back(named("n" + std::to_string(i), "10.0.0.2:" + std::to_string(i)));
    }
    r.discover(all, start);
    CHECK(r.members().size() == members_max);
    CHECK(r.conflicts().empty());

    all.push_back(named("z1", "10.0.0.3:1"));
    all.push_back(named("z2", "10.0.0.3:2"));
    r.discover(all, start);
    CHECK(r.members().size() == members_max);
    CHECK(kinds_in(r) == kinds{kind::too_many});
}

TEST_CASE(
    "a node that claims more slots than one may have is left out, and comes back with fewer") {
    roster r(me);
    r.discover({at("10.0.0.2:1")}, start);
    member b = node("b");

    b.slots = {{.first = 7, .count = slots_per_member_max - 1}, {.first = 0, .count = 1}};
    CHECK(r.heard("10.0.0.2:1", b, start));
    b.slots.push_back({.first = slots_max - 1, .count = 1});
    CHECK(!r.heard("10.0.0.2:1", b, start));
    CHECK(names_in(r) == "me@10.0.0.1:1 ");
    CHECK(kinds_in(r) == kinds{kind::too_many_slots});
    CHECK(r.conflicts_seen() == 1);

    b.slots = {{.first = 0, .count = 0xffff'ffffU}, {.first = 0, .count = 0xffff'ffffU}};
    CHECK(!r.heard("10.0.0.2:1", b, start));

    b.slots = {{.first = 7, .count = 1}};
    CHECK(r.heard("10.0.0.2:1", b, start));
    CHECK(kinds_in(r).empty());
}

TEST_CASE("nodes of one zone too many are left out, and those of known zones are not") {
    roster r(me);
    std::vector<discovered> all;
    const auto of_zone = [&](std::uint32_t zone) {
        const std::string number = std::to_string(1000 + all.size());
        all.push_back(named("n" + number, "10.0.0.2:" + number));
        all.back().zone = "z" + std::to_string(1000 + zone);
    };
    // This node's own is one of them.
    for (std::uint32_t zone = 1; zone < zones_max; ++zone) of_zone(zone);
    r.discover(all, start);
    CHECK(r.members().size() == zones_max);
    CHECK(kinds_in(r).empty());

    of_zone(zones_max);
    of_zone(zones_max + 1);
    of_zone(1);
    r.discover(all, start);
    CHECK(r.members().size() == zones_max + 1);
    CHECK(find(r, all.back().name) != nullptr);
    CHECK(kinds_in(r) == kinds{kind::too_many_zones});
    CHECK(r.conflicts_seen() == 1);
}

}  // namespace lode::cluster
