#include "cluster/spread_memory.h"

#include "cluster/candidates.h"
#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;

constexpr hash128 part{.high = 1, .low = 2};
constexpr time_point start{1h};

}  // namespace

TEST_CASE("a reader spreads as it was told last, for a while") {
    spread_memory memory(64, 5s);
    CHECK(memory.spread_of(part, start) == 1);

    memory.told(part, 4, start);
    CHECK(memory.spread_of(part, start) == 4);
    CHECK(memory.spread_of({.high = 2, .low = 1}, start) == 1);
    CHECK(memory.spread_of(part, start + 5s - 1ns) == 4);
    CHECK(memory.spread_of(part, start + 5s) == 1);

    memory.told(part, 8, start + 1s);
    CHECK(memory.spread_of(part, start + 5s) == 8);
    memory.told(part, 1, start + 2s);
    CHECK(memory.spread_of(part, start + 2s) == 1);
}

TEST_CASE("a spread beyond the most candidates is not believed") {
    spread_memory memory(64, 5s);
    memory.told(part, 0xffff'ffffU, start);
    CHECK(memory.spread_of(part, start) == candidates_max);
    memory.told(part, 0, start);
    CHECK(memory.spread_of(part, start) == 1);
}

TEST_CASE("what would be forgotten first makes room") {
    spread_memory memory(8, 5s);
    for (unsigned n = 0; n < 9; ++n) memory.told({.high = n, .low = 0}, 2, start + n * 1ms);

    CHECK(memory.spread_of({.high = 0, .low = 0}, start + 10ms) == 1);
    for (unsigned n = 1; n < 9; ++n) {
        CHECK(memory.spread_of({.high = n, .low = 0}, start + 10ms) == 2);
    }
}

}  // namespace lode::cluster
