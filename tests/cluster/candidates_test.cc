#include "cluster/candidates.h"

#include <algorithm>
#include <vector>

#include "cluster/jump_hash.h"
#include "cluster/mix.h"
#include "cluster/slot_sequence.h"
#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

// Draw upon draw, and everything remembered.
std::vector<member_index> naive_candidates(hash128 part, const slot_table& table, unsigned wanted) {
    std::vector<member_index> found;
    slot_sequence sequence(part, table.size());
    for (unsigned n = 0; n < slot_sequence::draws_max; ++n) {
        const auto owner = table.owner(sequence.next());
        if (owner && std::ranges::count(found, *owner) == 0) found.push_back(*owner);
    }
    std::vector<std::pair<std::uint64_t, member_index>> rest;
    for (const auto& h : table.holders()) {
        if (std::ranges::count(found, h.who) == 0) rest.emplace_back(mix(mix(part), h.key), h.who);
    }
    std::ranges::sort(rest, std::greater());
    for (const auto& [rank, who] : rest) found.push_back(who);
    found.resize(std::min<std::size_t>(found.size(), wanted));
    return found;
}

}  // namespace

TEST_CASE("candidates are distinct, and more of them begin with the same ones") {
    const slot_table table =
        table_of(members_with(std::vector<std::uint32_t>{1, 5, 2, 9, 1, 3, 3, 1, 40, 2}));
    lode::random random(1);
    for (unsigned n = 0; n < 2000; ++n) {
        const hash128 part = any_part(random);
        const candidates all = candidates_of(part, table, candidates_max);

        REQUIRE(all.size() == candidates_max);
        for (unsigned k = 0; k < all.size(); ++k) {
            REQUIRE(std::ranges::count(all, all[k]) == 1);
            REQUIRE(std::ranges::equal(candidates_of(part, table, k), std::span(all.begin(), k)));
        }
    }
}

TEST_CASE("candidates are those of the simplest search") {
    lode::random random(2);
    for (unsigned n = 0; n < 300; ++n) {
        std::vector<member> members;
        const std::uint64_t count = 1 + random.below(30);
        for (std::uint32_t m = 0; m < count; ++m) {
            const auto first = static_cast<std::uint32_t>(random.below(n % 3 == 0 ? 5000 : 50));
            const auto length = static_cast<std::uint32_t>(1 + random.below(6));
            members.push_back(numbered(m, {{.first = first, .count = length}}));
        }
        const slot_table table = table_of(members);
        for (unsigned p = 0; p < 20; ++p) {
            const hash128 part = any_part(random);
            REQUIRE(std::ranges::equal(candidates_of(part, table, 8),
                                       naive_candidates(part, table, 8)));
        }
    }
}

TEST_CASE("a part has no more candidates than members have slots, nor than the most") {
    const hash128 part{.high = 1, .low = 2};
    std::vector members = equal_members(3);
    CHECK(candidates_of(part, slot_table(), 8).empty());
    CHECK(candidates_of(part, table_of(members), 0).empty());
    CHECK(candidates_of(part, table_of(members), 2).size() == 2);
    CHECK(candidates_of(part, table_of(members), 3).size() == 3);
    CHECK(candidates_of(part, table_of(members), 4).size() == 3);

    members[1].slots.clear();
    CHECK(candidates_of(part, table_of(members), 3).size() == 2);
    CHECK(candidates_of(part, table_of(equal_members(8)), 100).size() == candidates_max);
    CHECK(candidates_of(part, table_of(equal_members(9)), 100).size() == candidates_max);
}

TEST_CASE("members whose slots are lost among vacant ones are found, each as often") {
    std::vector<member> members;
    for (std::uint32_t n = 0; n < 5; ++n) {
        members.push_back(numbered(n, {{.first = slots_max - 5 + n, .count = 1}}));
    }
    const slot_table table = table_of(members);
    std::vector<std::uint32_t> owned(5);
    lode::random random(3);

    for (unsigned n = 0; n < 5000; ++n) {
        const candidates found = candidates_of(any_part(random), table, candidates_max);
        REQUIRE(found.size() == 5);
        ++owned[found[0].value()];
    }

    CHECK(std::ranges::min(owned) > 900);
    CHECK(std::ranges::max(owned) < 1100);
}

TEST_CASE("a small member beside a very large one is found") {
    const slot_table table = table_of(members_with(std::vector<std::uint32_t>{slots_max - 1, 1}));
    const candidates found = candidates_of({.high = 1, .low = 2}, table, 2);
    REQUIRE(found.size() == 2);
    CHECK(found[0] != found[1]);
}

TEST_CASE("where a part belongs is the same in every release") {
    // Nodes of two releases share a cluster while it is upgraded. These are what this code gave first;
    // when they change, so must the version of the protocol between nodes.
    const slot_table table = table_of(equal_members(100));
    const auto first_three = [&](hash128 part) {
        std::vector<unsigned> numbers;
        for (const member_index who : candidates_of(part, table, 3)) numbers.push_back(who.value());
        return numbers;
    };
    CHECK(first_three({.high = 0, .low = 0}) == std::vector<unsigned>{69, 87, 78});
    CHECK(first_three({.high = 1, .low = 2}) == std::vector<unsigned>{32, 46, 70});
    CHECK(first_three({.high = ~0ULL, .low = 42}) == std::vector<unsigned>{27, 76, 52});
}

}  // namespace lode::cluster
