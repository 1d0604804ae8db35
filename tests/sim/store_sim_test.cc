#include <string>

#include "engine/base/log.h"
#include "tests/catch.h"
#include "tests/sim/seeds.h"
#include "tests/sim/store_simulation.h"

using namespace lode;
using namespace lode::engine;

namespace {

constexpr std::uint64_t seeds_by_default = 2000;

}  // namespace

TEST_CASE(
    "whatever the disk and the clients do, no wrong byte is served and nothing is left over") {
    const auto [first, last] = seeds_to_live(seeds_by_default);
    simulated_life sum;
    log::set_level(log::level::failure);

    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const simulated_life seen = live(seed, store_options::checksums::verified);
        INFO("replay with LODE_SIM_SEED=" << seed);
        REQUIRE(seen.violation == "");
        sum.served += seen.served;
        sum.served_from_disk += seen.served_from_disk;
        sum.checksum_failures += seen.checksum_failures;
        sum.device_errors += seen.device_errors;
        sum.evictions += seen.evictions;
        sum.crashes += seen.crashes;
        sum.recovered += seen.recovered;
        sum.lasting += seen.lasting;
        sum.given_up += seen.given_up;
        sum.beginnings += seen.beginnings;
        sum.joined += seen.joined;
        sum.promoted += seen.promoted;
        sum.background_bytes += seen.background_bytes;
        sum.parallel += seen.parallel;
    }

    if (last - first < 50) return;
    // The seeds would prove nothing if nothing happened in them.
    CHECK(sum.served > 30 * last);
    CHECK(sum.served_from_disk > last);
    CHECK(sum.checksum_failures > last / 3);
    CHECK(sum.device_errors > last / 3);
    CHECK(sum.evictions > 5 * last);
    CHECK(sum.crashes > last / 2);
    CHECK(sum.recovered > last);
    CHECK(sum.lasting > last / 3);
    CHECK(sum.given_up > last / 20);
    CHECK(sum.beginnings > 5 * last);
    CHECK(sum.joined > last);
    CHECK(sum.promoted > last);
    CHECK(sum.background_bytes > last << 20U);
    CHECK(sum.parallel > last);
}

TEST_CASE("the same seed lives the same life") {
    for (std::uint64_t seed = 1000; seed < 1010; ++seed) {
        const simulated_life once = live(seed, store_options::checksums::verified);
        const simulated_life again = live(seed, store_options::checksums::verified);

        CHECK(once.fingerprint == again.fingerprint);
        CHECK(once.served == again.served);
    }
}

TEST_CASE("a store that does not look at checksums is caught") {
    int caught = 0;

    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        if (!live(seed, store_options::checksums::ignored, faults::corrupting).violation.empty()) {
            ++caught;
        }
    }

    CHECK(caught > 0);
}
