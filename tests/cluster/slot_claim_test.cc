#include "cluster/slot_claim.h"

#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

using ranges = std::vector<slot_range>;

// A newcomer that asks for so many slots.
member newcomer(std::uint32_t number, std::uint32_t wanted) {
    member m = numbered(number, {});
    m.capacity = wanted * unit;
    return m;
}

}  // namespace

TEST_CASE("capacity is rounded to slots, and everybody gets one") {
    CHECK(slots_for(bytes(0), unit) == 1);
    CHECK(slots_for(unit / 2 - bytes(1), unit) == 1);
    CHECK(slots_for(unit + unit / 2 - bytes(1), unit) == 1);
    CHECK(slots_for(unit + unit / 2, unit) == 2);
    CHECK(slots_for(unit * 16, unit) == 16);
    CHECK(slots_for(bytes(2), bytes(1)) == 2);
    constexpr std::uint32_t most = slots_per_member_max;
    CHECK(slots_for(bytes(most - 1), bytes(1)) == most - 1);
    CHECK(slots_for(bytes(most), bytes(1)) == most);
    CHECK(slots_for(bytes(most + 1ULL), bytes(1)) == most);
    CHECK(slots_for(bytes(~0ULL), bytes(~0ULL)) == 1);
}

TEST_CASE("the first member takes the first slots") {
    CHECK(claim_slots(newcomer(0, 3), {}, unit) == ranges{{.first = 0, .count = 3}});
}

TEST_CASE("a newcomer takes the lowest vacant slots, then appends") {
    const std::vector others = {numbered(1, {{.first = 1, .count = 2}, {.first = 5, .count = 1}}),
                                numbered(2, {{.first = 3, .count = 1}})};

    CHECK(claim_slots(newcomer(9, 1), others, unit) == ranges{{.first = 0, .count = 1}});
    CHECK(claim_slots(newcomer(9, 4), others, unit) ==
          ranges{{.first = 0, .count = 1}, {.first = 4, .count = 1}, {.first = 6, .count = 2}});
}

TEST_CASE("a member that comes back keeps what it had") {
    member self = newcomer(9, 2);
    self.slots = {{.first = 7, .count = 2}};

    CHECK(claim_slots(self, equal_members(3), unit) == self.slots);
}

TEST_CASE("a member that has grown claims more and keeps what it has") {
    member self = newcomer(9, 4);
    self.slots = {{.first = 4, .count = 1}, {.first = 7, .count = 1}};

    // Slots 0 to 2 are the others'.
    CHECK(claim_slots(self, equal_members(3), unit) ==
          ranges{{.first = 3, .count = 3}, {.first = 7, .count = 1}});
}

TEST_CASE("a member that has shrunk gives up its last slots") {
    member self = newcomer(9, 3);
    self.slots = {{.first = 4, .count = 2}, {.first = 7, .count = 9}};

    CHECK(claim_slots(self, {}, unit) ==
          ranges{{.first = 4, .count = 2}, {.first = 7, .count = 1}});
}

TEST_CASE("of two that claim the same slot, the larger name claims another") {
    const member small = numbered(1, {{.first = 0, .count = 1}});
    const member large = numbered(2, {{.first = 0, .count = 1}});

    CHECK(claim_slots(small, std::vector{large}, unit) == small.slots);
    CHECK(claim_slots(large, std::vector{small}, unit) == ranges{{.first = 1, .count = 1}});
}

TEST_CASE("members that join at the same time and see each other claim different slots") {
    std::vector<member> joining;
    for (std::uint32_t n = 0; n < 50; ++n) joining.push_back(newcomer(n, 1 + n % 3));
    joining.push_back(numbered(100, {{.first = 10, .count = 5}}));

    std::vector<member> after = joining;
    for (std::size_t n = 0; n < 50; ++n) after[n].slots = claim_slots(joining[n], joining, unit);

    std::uint32_t wanted = 5;
    for (std::uint32_t n = 0; n < 50; ++n) wanted += 1 + n % 3;
    CHECK(table_of(after).occupied() == wanted);
    CHECK(table_of(after).size() == wanted);
    for (std::size_t n = 0; n < 50; ++n) {
        REQUIRE(claim_slots(after[n], after, unit) == after[n].slots);
    }
}

TEST_CASE("a member of another zone is not in the way") {
    std::vector others = equal_members(2);
    for (member& other : others) other.zone = "elsewhere";

    CHECK(claim_slots(newcomer(9, 1), others, unit) == ranges{{.first = 0, .count = 1}});
}

TEST_CASE("when a zone has no slots left, a newcomer gets what there is") {
    const std::vector all = {numbered(1, {{.first = 0, .count = slots_max}})};
    const std::vector all_but_one = {numbered(1, {{.first = 1, .count = slots_max}})};
    const std::vector nonsense = {numbered(99, {{.first = slots_max, .count = 0xffff'ffffU}})};

    CHECK(claim_slots(newcomer(9, 2), all, unit).empty());
    CHECK(claim_slots(newcomer(9, 2), all_but_one, unit) == ranges{{.first = 0, .count = 1}});
    CHECK(claim_slots(newcomer(9, 2), nonsense, unit) == ranges{{.first = 0, .count = 2}});
}

TEST_CASE("the lines of a list claim one after the other, each zone for itself") {
    const std::vector<listed_member> lines = {{.zone = "a", .capacity = unit * 2},
                                              {.zone = "b", .capacity = unit},
                                              {.zone = "a", .capacity = unit * 3}};

    const auto claims = claims_of_list(lines, unit);

    CHECK(claims[0] == ranges{{.first = 0, .count = 2}});
    CHECK(claims[1] == ranges{{.first = 0, .count = 1}});
    CHECK(claims[2] == ranges{{.first = 2, .count = 3}});
}

TEST_CASE("lines that tell no capacity are equal") {
    const std::vector<listed_member> none(3);
    CHECK(claims_of_list(none, unit)[2] == ranges{{.first = 2, .count = 1}});

    const std::vector<listed_member> some = {
        {.capacity = unit * 4}, {}, {.capacity = unit * 4}, {.capacity = unit}};
    CHECK(claims_of_list(some, unit)[1] == ranges{{.first = 4, .count = 4}});
}

TEST_CASE("a line without a node keeps the place of those behind it") {
    std::vector<listed_member> lines(4, {.capacity = unit * 5});
    const auto before = claims_of_list(lines, unit);

    lines[1].capacity = bytes(0);
    const auto after = claims_of_list(lines, unit);

    CHECK(after[0] == before[0]);
    CHECK(after[1].empty());
    CHECK(after[2] == before[2]);
    CHECK(after[3] == before[3]);
}

TEST_CASE("a list that is longer than a zone's slots gives its last lines none") {
    constexpr std::uint32_t full = slots_max / slots_per_member_max;
    std::vector<listed_member> lines(full - 1, {.capacity = bytes(slots_per_member_max)});
    lines.push_back({.capacity = bytes(slots_per_member_max - 2)});
    lines.push_back({.capacity = bytes(3)});
    lines.push_back({.capacity = bytes(1)});

    const auto claims = claims_of_list(lines, bytes(1));

    CHECK(claims[full] == ranges{{.first = slots_max - 2, .count = 2}});
    CHECK(claims[full + 1].empty());
}

}  // namespace lode::cluster
