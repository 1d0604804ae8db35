// What becomes of a peer from fault to cure, on the clock: the promises of cluster/README.md.

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/catch.h"
#include "tests/cluster/peer_world.h"

namespace lode::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Down: the last probe was 4 s ago, the next is answered, and up to 15 more follow.
constexpr duration return_max = seconds(4) + 16 * health_rules::probe_doubtful;

void settle_in(peer_world& world) {
    world.run_until(peer_state::up, seconds(1));
    world.run(seconds(5));
    REQUIRE(world.health.state() == peer_state::up);
    world.seen = {};
    world.changes.clear();
}

std::size_t times_in(const peer_world& world, peer_state s) {
    return static_cast<std::size_t>(std::count_if(world.changes.begin(), world.changes.end(),
                                                  [s](const auto& c) { return c.second == s; }));
}

}  // namespace

TEST_CASE("a peer that dies is suspected, buried and welcomed back in time") {
    struct row {
        const char* what;
        conduct fault;
        std::uint32_t traffic;  // requests per second
        duration suspect_most;
        duration down_most;
        std::uint32_t failed_most;  // requests that notice
    };
    using ms = milliseconds;
    for (const row& r : {
             row{"killed, idle", conduct::refuses, 0, ms(500), ms(2'500), 0},
             row{"killed, some traffic", conduct::refuses, 10, ms(101), ms(2'000), 6},
             row{"killed, much traffic", conduct::refuses, 1'000, ms(1), ms(2'000), 6},
             row{"stopped, idle", conduct::stays_silent, 0, ms(900), ms(4'200), 0},
             row{"stopped, some traffic", conduct::stays_silent, 10, ms(600), ms(3'800), 8},
             // What was asked within the 50 ms before the first deadline, and the trials.
             row{"stopped, much traffic", conduct::stays_silent, 1'000, ms(55), ms(3'400), 60},
         }) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            INFO(r.what << ", seed " << seed);
            peer_world world(seed);
            world.requests_per_second = r.traffic;
            settle_in(world);
            world.run(milliseconds(37 * seed));

            world.peer = r.fault;
            const duration suspected = world.run_until(peer_state::suspect, seconds(9));
            CHECK(suspected <= r.suspect_most);
            CHECK(suspected + world.run_until(peer_state::down, seconds(9)) <= r.down_most);
            CHECK(world.seen.failed <= r.failed_most);
            CHECK(world.seen.longest_wait <= seconds(1));

            world.run(seconds(60));
            CHECK_FALSE(world.asked_within(seconds(55)));

            world.peer = conduct::serves;
            CHECK(world.run_until(peer_state::up, seconds(60)) < ms(4'600));
            if (r.traffic > 0) {
                world.run(seconds(1));
                CHECK(world.health.may_ask(world.now()));
            }
        }
    }
}

TEST_CASE("a peer that holds its breath is asked again within a second") {
    peer_world world(1);
    world.requests_per_second = 1'000;
    settle_in(world);

    world.peer = conduct::stays_silent;
    world.run(milliseconds(300));
    world.peer = conduct::serves;
    CHECK(world.run_until(peer_state::up, seconds(9)) < seconds(1));

    CHECK(times_in(world, peer_state::down) == 0);
    CHECK(world.seen.longest_wait < milliseconds(200));
}

TEST_CASE("a peer that flaps stays out until it is steady") {
    peer_world world(1);
    world.requests_per_second = 100;
    settle_in(world);

    for (int n = 0; n < 60; ++n) {
        if (n == 10) world.changes.clear();
        world.peer = conduct::refuses;
        world.run(seconds(1));
        world.peer = conduct::serves;
        world.run(seconds(1));
    }
    CHECK(times_in(world, peer_state::up) == 0);

    CHECK(world.run_until(peer_state::up, seconds(60)) < return_max);

    world.run(seconds(300));
    world.peer = conduct::refuses;
    world.run_until(peer_state::suspect, seconds(1));
    world.peer = conduct::serves;
    CHECK(world.run_until(peer_state::up, seconds(60)) < seconds(1));
}

TEST_CASE("a peer that becomes slow is given the time it needs") {
    peer_world world(1);
    world.requests_per_second = 100;
    settle_in(world);
    REQUIRE(world.health.deadline(world.now()) == milliseconds(50));

    world.latency = milliseconds(120);
    world.run(seconds(20));
    CHECK(world.seen.failed < 100);
    CHECK(times_in(world, peer_state::down) == 0);

    world.seen = {};
    world.run(seconds(20));
    CHECK(world.seen.failed == 0);
    CHECK(world.health.state() == peer_state::up);
    CHECK(world.seen.answered > 1'900);

    world.latency = milliseconds(1);
    world.run(seconds(25));
    CHECK(world.health.deadline(world.now()) == milliseconds(50));
}

TEST_CASE("an overload is met with few requests, and is forgotten when it is over") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        peer_world world(seed);
        world.requests_per_second = 1'000;
        settle_in(world);

        world.peer = conduct::overloaded;
        world.run(seconds(20));
        CHECK(world.seen.refused <= 20);
        CHECK(world.health.state() == peer_state::up);
        CHECK(world.changes.empty());

        world.peer = conduct::serves;
        world.run(health_rules::open_max + milliseconds(10));
        world.seen = {};
        world.run(seconds(1));
        CHECK(world.seen.answered >= 990);
    }
}

TEST_CASE("a way that loses only data costs a few requests per minute") {
    for (const std::uint32_t traffic : {10U, 1'000U}) {
        INFO(traffic << " requests per second");
        peer_world world(1);
        world.requests_per_second = traffic;
        settle_in(world);

        world.peer = conduct::loses_data;
        world.run(seconds(60));
        world.seen = {};
        world.run(seconds(60));
        CHECK(world.seen.failed <= 30);
        CHECK(world.seen.longest_wait <= seconds(1));
        CHECK(times_in(world, peer_state::down) == 0);
    }
}

TEST_CASE("probes are rare while traffic proves that the peer lives") {
    peer_world busy(1);
    busy.requests_per_second = 100;
    settle_in(busy);
    busy.run(seconds(60));
    CHECK(busy.seen.probes >= 11);
    CHECK(busy.seen.probes <= 14);

    peer_world idle(1);
    settle_in(idle);
    idle.run(seconds(60));
    CHECK(idle.seen.probes >= 115);
    CHECK(idle.seen.probes <= 140);

    peer_world guest(1, {.role = peer_health::duty::guest});
    guest.health.told(peer_state::up, guest.now());
    guest.requests_per_second = 100;
    guest.run(seconds(60));
    CHECK(guest.seen.probes == 0);
}

TEST_CASE("a dead peer is probed ever more rarely") {
    peer_world world(1);
    world.peer = conduct::refuses;
    world.run_until(peer_state::down, seconds(9));
    world.seen = {};

    world.run(seconds(60));

    CHECK(world.seen.probes >= 15);
    CHECK(world.seen.probes <= 21);
}

TEST_CASE("a guest that suffers alone suspects in time") {
    for (const conduct fault : {conduct::refuses, conduct::stays_silent}) {
        peer_world world(1, {.role = peer_health::duty::guest});
        world.health.told(peer_state::up, world.now());
        world.requests_per_second = 5;
        world.run(seconds(1));

        world.peer = fault;

        CHECK(world.run_until(peer_state::suspect, seconds(9)) < seconds(1));
        CHECK(world.health.news() == peer_state::suspect);
    }
}

TEST_CASE("whatever a peer went through, it comes back when it is well") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        random fate(seed);
        peer_world world(seed);
        for (int n = 0; n < 30; ++n) {
            world.peer = static_cast<conduct>(fate.below(5));
            world.latency = milliseconds(1 + fate.below(fate.one_in(4) ? 1'500 : 20));
            world.requests_per_second = static_cast<std::uint32_t>(fate.below(3) * 400);
            world.says = fate.one_in(4) ? peer_says::draining : peer_says::up;
            if (fate.one_in(8)) {
                world.health.told(static_cast<peer_state>(fate.below(5)), world.now());
            }
            if (fate.one_in(8)) world.health.doubt();
            world.run(milliseconds(1 + fate.below(2'000)));
        }

        world.peer = conduct::serves;
        world.latency = milliseconds(1);
        world.says = peer_says::up;
        world.requests_per_second = 100;
        // What was asked in bad times ends within its deadline, and its failure may cost one more
        // return.
        world.run(health_rules::deadline_max);
        CHECK(world.run_until(peer_state::up, seconds(60)) < return_max);
        world.run(health_rules::open_max + milliseconds(20));

        world.seen = {};
        world.changes.clear();
        world.run(seconds(2));
        CHECK(world.changes.empty());
        CHECK(world.seen.answered >= 199);
        CHECK(world.seen.failed == 0);
    }
}

}  // namespace lode::cluster
