#include "cluster/view.h"

#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {

TEST_CASE("a view has its members by name") {
    std::vector members = equal_members(5);
    std::swap(members[0], members[3]);

    const view now(members, "node-100002");

    REQUIRE(now.members().size() == 5);
    CHECK(now.find("node-100000") == member_index(0));
    CHECK(now.find("node-100004") == member_index(4));
    CHECK(!now.find("node-100005"));
    CHECK(!now.find(""));
    CHECK(now.self() == member_index(2));
    CHECK(now[member_index(3)].name == "node-100003");
}

TEST_CASE("an empty view places nothing") {
    const view nobody({}, "node-1");
    CHECK(nobody.members().empty());
    CHECK(!nobody.self());
    CHECK(nobody.zones().empty());
    CHECK(nobody.candidates_of({.high = 1, .low = 2}, 8).empty());
}

TEST_CASE("parts are placed among the members of this node's zone") {
    std::vector members = equal_members(4);
    members[1].zone = members[3].zone = "b";

    const view now(members, members[3].name);

    CHECK(std::ranges::equal(now.zones(), std::vector<std::string>{"", "b"}));
    CHECK(&now.own_table() == &now.table("b"));
    CHECK(now.table("").occupied() == 2);
    CHECK(now.table("elsewhere").size() == 0);
    lode::random random(1);
    for (unsigned n = 0; n < 100; ++n) {
        const candidates found = now.candidates_of(any_part(random), 8);
        REQUIRE(found.size() == 2);
        for (const member_index who : found) REQUIRE(now[who].zone == "b");
    }
}

TEST_CASE("a node that is no member places nothing, and sees the zones of those who are") {
    const view now(equal_members(3), "somebody");
    CHECK(!now.self());
    CHECK(now.own_table().size() == 0);
    CHECK(now.table("").size() == 3);
}

TEST_CASE("the digest is that of what placement depends on") {
    const std::vector members = equal_members(3);
    const auto digest_with = [&](auto change) {
        std::vector changed = members;
        change(changed);
        return view(changed, "node-100000").digest();
    };
    const std::uint64_t same = view(members, "node-100000").digest();

    CHECK(view(members, "somebody").digest() == same);
    CHECK(digest_with([](auto& m) { m[1].address = "10.9.9.9:9"; }) == same);
    CHECK(digest_with([](auto& m) { m[1].capacity = bytes(1); }) == same);
    CHECK(digest_with([](auto& m) { m[1].draining = true; }) == same);

    CHECK(digest_with([](auto& m) { m[1].name += "x"; }) != same);
    CHECK(digest_with([](auto& m) { m[1].zone = "b"; }) != same);
    CHECK(digest_with([](auto& m) { m[1].slots[0].first = 9; }) != same);
    CHECK(digest_with([](auto& m) { m[1].slots[0].count = 2; }) != same);
    CHECK(digest_with([](auto& m) { m.pop_back(); }) != same);
    CHECK(digest_with([](auto& m) { m[0].name = "node-1", m[0].zone = "00000"; }) !=
          digest_with([](auto& m) { m[0].name = "node-10", m[0].zone = "0000"; }));
}

TEST_CASE("equal claims look equal however they are written down") {
    const view one({numbered(0, {{.first = 2, .count = 4}})}, "");
    const view two(
        {numbered(0,
                  {{.first = 4, .count = 2}, {.first = 9, .count = 0}, {.first = 2, .count = 3}})},
        "");
    const view beyond(
        {numbered(0, {{.first = 2, .count = 4}, {.first = slots_max, .count = 0xffff'ffffU}})}, "");
    CHECK(two.digest() == one.digest());
    CHECK(beyond.digest() == one.digest());
    CHECK(two[member_index(0)].slots == std::vector<slot_range>{{.first = 2, .count = 4}});

    const view too_long({numbered(0, {{.first = 2, .count = 0xffff'ffffU}})}, "");
    CHECK(too_long.table("").size() == slots_max);
    CHECK(too_long[member_index(0)].slots[0].count == slots_max - 2);
}

TEST_CASE("of two members with one name, every node takes the same") {
    std::vector members = equal_members(2);
    member again = members[1];
    again.address = "10.0.0.0:1";
    again.slots = {{.first = 7, .count = 1}};
    members.push_back(again);
    const view one(members, "");
    std::swap(members[1], members[2]);
    const view two(members, "");

    REQUIRE(one.members().size() == 2);
    CHECK(one[member_index(1)].address == "10.0.0.0:1");
    CHECK(one.members()[1] == two.members()[1]);
    CHECK(one.digest() == two.digest());
}

TEST_CASE("a view has so many members at most") {
    const auto members_of = [](std::uint32_t count) {
        return view(equal_members(count), "").members().size();
    };
    CHECK(members_of(members_max - 1) == members_max - 1);
    CHECK(members_of(members_max) == members_max);
    CHECK(members_of(members_max + 1) == members_max);

    const view full(equal_members(members_max), "");
    CHECK(full.table("").owner(members_max - 1) == member_index(members_max - 1));
}

}  // namespace lode::cluster
