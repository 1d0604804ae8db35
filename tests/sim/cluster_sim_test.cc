#include <algorithm>
#include <string>

#include "tests/catch.h"
#include "tests/sim/cluster_simulation.h"
#include "tests/sim/seeds.h"

using namespace lode;
using namespace lode::frontend;

namespace {

constexpr std::uint64_t seeds_by_default = 500;

}  // namespace

TEST_CASE("whatever happens to nodes, ways and origin, clients get what is current or nothing") {
    const auto [first, last] = seeds_to_live(seeds_by_default);
    simulated_cluster sum;

    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const simulated_cluster seen = live_together(seed);
        INFO("replay with LODE_SIM_SEED=" << seed);
        REQUIRE(seen.violation == "");
        sum.answers += seen.answers;
        sum.excused += seen.excused;
        sum.bytes += seen.bytes;
        sum.from_peers += seen.from_peers;
        sum.broken_off += seen.broken_off;
        sum.peers_failed += seen.peers_failed;
        sum.peers_refused += seen.peers_refused;
        sum.ends += seen.ends;
        sum.changes += seen.changes;
        sum.hits += seen.hits;
        sum.longest = std::max(sum.longest, seen.longest);
    }

    if (last - first < 50) return;
    // The seeds would prove nothing if nothing happened in them.
    CHECK(sum.answers > 30 * last);
    CHECK(sum.hits > 20 * last);
    CHECK(sum.bytes > last << 20U);
    CHECK(sum.from_peers > last << 20U);
    CHECK(sum.broken_off > last / 3);
    CHECK(sum.peers_failed > last);
    CHECK(sum.ends > last / 3);
    CHECK(sum.changes > 4 * last);
    CHECK(sum.excused > last / 10);
    CHECK(sum.excused < sum.answers / 50);
}

TEST_CASE("the same seed leads to the same common life") {
    for (std::uint64_t seed = 1000; seed < 1010; ++seed) {
        const simulated_cluster once = live_together(seed);
        const simulated_cluster again = live_together(seed);

        CHECK(once.fingerprint == again.fingerprint);
        CHECK(once.answers == again.answers);
    }
}

TEST_CASE("nodes that believe what they knew are caught") {
    int caught = 0;

    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        if (!live_together(seed, canary::stale).violation.empty()) ++caught;
    }

    CHECK(caught > 0);
}

TEST_CASE("a bit that changes between two nodes is caught") {
    int caught = 0;

    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        if (!live_together(seed, canary::flipped).violation.empty()) ++caught;
    }

    CHECK(caught > 0);
}
