#include "cluster/slot_table.h"

#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

// The number of the member that has the slot, or -1.
int owner(const slot_table& table, std::uint32_t slot) {
    const auto who = table.owner(slot);
    return who ? who->value() : -1;
}

}  // namespace

TEST_CASE("a zone without members has no slots") {
    CHECK(slot_table().size() == 0);
    CHECK(table_of({}).size() == 0);
    CHECK(table_of(std::vector{numbered(0, {})}).size() == 0);
    CHECK(table_of(std::vector{numbered(0, {})}).holders().empty());
}

TEST_CASE("each slot has the member that claims it, and those that nobody claims are vacant") {
    const std::vector members = {numbered(0, {{.first = 1, .count = 2}, {.first = 6, .count = 1}}),
                                 numbered(1, {{.first = 4, .count = 1}}), numbered(2, {})};

    const slot_table table = table_of(members);

    REQUIRE(table.size() == 7);
    CHECK(owner(table, 0) == -1);
    CHECK(owner(table, 1) == 0);
    CHECK(owner(table, 2) == 0);
    CHECK(owner(table, 3) == -1);
    CHECK(owner(table, 4) == 1);
    CHECK(owner(table, 5) == -1);
    CHECK(owner(table, 6) == 0);
    CHECK(table.occupied() == 4);
    REQUIRE(table.holders().size() == 2);
    CHECK(table.holders()[1].who == member_index(1));
}

TEST_CASE("a slot that two claim has the one whose name is smaller") {
    const std::vector members = {numbered(0, {{.first = 2, .count = 1}}),
                                 numbered(1, {{.first = 0, .count = 4}}),
                                 numbered(2, {{.first = 3, .count = 1}})};

    const slot_table table = table_of(members);

    CHECK(owner(table, 1) == 1);
    CHECK(owner(table, 2) == 0);
    CHECK(owner(table, 3) == 1);
    CHECK(table.occupied() == 4);
    CHECK(table.holders().size() == 2);
}

TEST_CASE("a member of another zone claims nothing here") {
    std::vector members = equal_members(3);
    members[0].zone = "b";

    const slot_table table = table_of(members);

    CHECK(owner(table, 0) == -1);
    CHECK(owner(table, 1) == 1);
    CHECK(slot_table(members, "b").size() == 1);
    CHECK(slot_table(members, "c").size() == 0);
}

TEST_CASE("claims beyond what a table can have are ignored") {
    const auto size_with = [](slot_range claimed) {
        return table_of(std::vector{numbered(0, {claimed})}).size();
    };

    CHECK(size_with({.first = slots_max - 2, .count = 1}) == slots_max - 1);
    CHECK(size_with({.first = slots_max - 1, .count = 1}) == slots_max);
    CHECK(size_with({.first = slots_max, .count = 1}) == 0);
    CHECK(size_with({.first = slots_max - 1, .count = 2}) == slots_max);
    CHECK(size_with({.first = 1, .count = 0xffff'ffffU}) == slots_max);
    CHECK(size_with({.first = 0xffff'ffffU, .count = 0xffff'ffffU}) == 0);
    CHECK(size_with({.first = 7, .count = 0}) == 0);
}

TEST_CASE("a member is known by its name wherever it stands in the view") {
    const std::vector three = equal_members(3);
    const std::vector two = {three[0], three[2]};

    CHECK(table_of(three).holders()[2].key == table_of(two).holders()[1].key);
    CHECK(table_of(three).holders()[0].key != table_of(three).holders()[1].key);
}

}  // namespace lode::cluster
