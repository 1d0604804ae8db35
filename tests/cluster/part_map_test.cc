#include "cluster/part_map.h"

#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

constexpr auto worth = [](unsigned value) { return value; };

}  // namespace

TEST_CASE("what is known of a part is found until it is erased") {
    part_map<unsigned> map(64);
    const hash128 part{.high = 1, .low = 2};
    CHECK(map.find(part) == nullptr);

    map.add(part, worth) = 5;
    REQUIRE(map.find(part) != nullptr);
    CHECK(*map.find(part) == 5);
    CHECK(map.find({.high = 2, .low = 1}) == nullptr);

    map.erase(part);
    CHECK(map.find(part) == nullptr);
}

TEST_CASE("a map of any size holds eight parts at least, and no more than it has places for") {
    CHECK(part_map<unsigned>(0).capacity() == 8);
    CHECK(part_map<unsigned>(8).capacity() == 8);
    CHECK(part_map<unsigned>(9).capacity() == 16);
}

TEST_CASE("the entry that is worth least makes room, and an empty place comes before it") {
    part_map<unsigned> map(8);
    for (unsigned n = 0; n < 8; ++n) map.add({.high = n, .low = 0}, worth) = n == 5 ? 0 : 10 + n;
    for (unsigned n = 0; n < 8; ++n) REQUIRE(map.find({.high = n, .low = 0}) != nullptr);

    map.add({.high = 8, .low = 0}, worth) = 99;

    for (unsigned n = 0; n < 9; ++n) {
        CHECK((map.find({.high = n, .low = 0}) == nullptr) == (n == 5));
    }
}

}  // namespace lode::cluster
