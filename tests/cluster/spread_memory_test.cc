#include "cluster/spread_memory.h"

#include "cluster/candidates.h"
#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;

constexpr hash128 told_part{.high = 1, .low = 2};
constexpr time_point first_told{1h};

}  // namespace

TEST_CASE("a reader spreads as it was told last, for a while") {
    spread_memory memory(64, 5s);
    CHECK(memory.spread_of(told_part, first_told) == 1);

    memory.told(told_part, 4, first_told);
    CHECK(memory.spread_of(told_part, first_told) == 4);
    CHECK(memory.spread_of({.high = 2, .low = 1}, first_told) == 1);
    CHECK(memory.spread_of(told_part, first_told + 5s - 1ns) == 4);
    CHECK(memory.spread_of(told_part, first_told + 5s) == 1);

    memory.told(told_part, 8, first_told + 1s);
    CHECK(memory.spread_of(told_part, first_told + 5s) == 8);
    memory.told(told_part, 1, first_told + 2s);
    CHECK(memory.spread_of(told_part, first_told + 2s) == 1);
}

TEST_CASE("a spread beyond the most candidates is not believed") {
    spread_memory memory(64, 5s);
    memory.told(told_part, 0xffff'ffffU, first_told);
    CHECK(memory.spread_of(told_part, first_told) == candidates_max);
    memory.told(told_part, 0, first_told);
    CHECK(memory.spread_of(told_part, first_told) == 1);
}

TEST_CASE("what would be forgotten first makes room") {
    spread_memory memory(8, 5s);
    for (unsigned n = 0; n < 9; ++n) memory.told({.high = n, .low = 0}, 2, first_told + n * 1ms);

    CHECK(memory.spread_of({.high = 0, .low = 0}, first_told + 10ms) == 1);
    for (unsigned n = 1; n < 9; ++n) {
        CHECK(memory.spread_of({.high = n, .low = 0}, first_told + 10ms) == 2);
    }
}

}  // namespace lode::cluster
