#include "cluster/slot_sequence.h"

#include <algorithm>
#include <map>
#include <vector>

#include "cluster/jump_hash.h"
#include "cluster/mix.h"
#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

std::vector<std::uint32_t> draws(hash128 part, std::uint32_t slots, unsigned count) {
    slot_sequence sequence(part, slots);
    std::vector<std::uint32_t> row(count);
    for (std::uint32_t& slot : row) slot = sequence.next();
    return row;
}

// The same by asking every slot one by one.
std::vector<std::uint32_t> naive_draws(hash128 part, std::uint32_t slots, unsigned count) {
    std::vector<std::uint32_t> asked(slots);
    std::vector<std::uint32_t> row(count);
    for (std::uint32_t& drawn : row) {
        drawn = slots;
        while (true) {
            --drawn;
            const std::uint64_t key = mix(mix(part), asked[drawn]++);
            if (jump_hash(key, drawn + 1) == drawn) break;
        }
    }
    return row;
}

}  // namespace

TEST_CASE("the first draw is the jump hash") {
    lode::random random(1);
    for (unsigned n = 0; n < 1000; ++n) {
        const hash128 part = any_part(random);
        const auto slots = static_cast<std::uint32_t>(1 + random.below(10'000));
        REQUIRE(draws(part, slots, 1).front() == jump_hash(mix(mix(part), 0), slots));
    }
}

TEST_CASE("the draws are those of asking slot by slot") {
    lode::random random(2);
    for (const std::uint32_t slots : {1U, 2U, 3U, 10U, 100U}) {
        constexpr unsigned row = slot_sequence::draws_max;
        for (unsigned n = 0; n < 200; ++n) {
            const hash128 part = any_part(random);
            REQUIRE(draws(part, slots, row) == naive_draws(part, slots, row));
        }
    }
}

TEST_CASE("a table with one slot more draws the same row with the new slot put in") {
    lode::random random(3);
    for (unsigned n = 0; n < 2000; ++n) {
        const hash128 part = any_part(random);
        const auto slots = static_cast<std::uint32_t>(1 + random.below(40));
        auto longer = draws(part, slots + 1, slot_sequence::draws_max);

        std::erase(longer, slots);

        REQUIRE(longer == draws(part, slots, static_cast<unsigned>(longer.size())));
    }
}

TEST_CASE("in every draw all slots are equally likely, whatever was drawn before") {
    constexpr std::uint32_t slots = 7;
    constexpr unsigned parts = 200'000;
    constexpr unsigned row = 5;
    lode::random random(4);
    std::vector<std::vector<std::uint32_t>> times(row, std::vector<std::uint32_t>(slots));
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> third_and_fourth;

    for (unsigned n = 0; n < parts; ++n) {
        const auto drawn = draws(any_part(random), slots, row);
        for (unsigned draw = 0; draw < row; ++draw) ++times[draw][drawn[draw]];
        ++third_and_fourth[{drawn[2], drawn[3]}];
    }

    for (const auto& of_draw : times) {
        for (const std::uint32_t count : of_draw) {
            CHECK(count > 0.97 * parts / slots);
            CHECK(count < 1.03 * parts / slots);
        }
    }
    CHECK(third_and_fourth.size() == slots * slots);
    for (const auto& [both, count] : third_and_fourth) {
        CHECK(count > 0.93 * parts / (slots * slots));
        CHECK(count < 1.07 * parts / (slots * slots));
    }
}

TEST_CASE("as many draws as are promised can be made") {
    for (const std::uint32_t slots : {1U, 2U, 300U, slots_max}) {
        const auto row = draws({.high = 5, .low = 6}, slots, slot_sequence::draws_max);
        CHECK(std::ranges::max(row) < slots);
    }
}

TEST_CASE("parts whose ids differ in one bit draw different rows") {
    const hash128 part{.high = 0x0123'4567'89ab'cdefU, .low = 0xfedc'ba98'7654'3210U};
    const auto row = draws(part, slots_max, 1);
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t flip = std::uint64_t{1} << bit;
        CHECK(draws({.high = part.high ^ flip, .low = part.low}, slots_max, 1) != row);
        CHECK(draws({.high = part.high, .low = part.low ^ flip}, slots_max, 1) != row);
    }
}

}  // namespace lode::cluster
