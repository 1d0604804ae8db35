#include "cluster/circuit_breaker.h"

#include <algorithm>
#include <chrono>

#include "cluster/health_rules.h"
#include "engine/base/clock.h"
#include "tests/catch.h"

namespace lode::cluster {
namespace {

using std::chrono::milliseconds;
using position = circuit_breaker::position;

struct guarded_peer {
    simulated_clock clock;
    random chance{3};
    circuit_breaker breaker{chance};

    time_point now() const { return clock.now(); }

    // Until the breaker is half-open; how long that took.
    duration wait_for_half_open() {
        const time_point begin = now();
        while (breaker.at(now()) == position::open) clock.advance(milliseconds(1));
        return now() - begin;
    }
};

}  // namespace

TEST_CASE("a closed breaker lets everything through") {
    guarded_peer f;
    for (int n = 0; n < 3; ++n) {
        REQUIRE(f.breaker.may_pass(f.now()));
        CHECK(f.breaker.pass(f.now()) == 0);
    }
    CHECK(f.breaker.at(f.now()) == position::closed);
}

TEST_CASE("a tripped breaker opens, tries one request and closes when that is good") {
    guarded_peer f;
    f.breaker.trip(f.now(), f.now());
    CHECK(f.breaker.at(f.now()) == position::open);
    CHECK_FALSE(f.breaker.may_pass(f.now()));
    f.wait_for_half_open();

    REQUIRE(f.breaker.may_pass(f.now()));
    const auto trial = f.breaker.pass(f.now());
    CHECK(trial != 0);
    CHECK_FALSE(f.breaker.may_pass(f.now()));

    f.breaker.good(trial + 1, f.now());
    f.breaker.good(0, f.now());
    CHECK(f.breaker.at(f.now()) == position::half_open);
    f.breaker.good(trial, f.now());
    CHECK(f.breaker.at(f.now()) == position::closed);
}

TEST_CASE("a trial that nothing was learned from makes room for the next") {
    guarded_peer f;
    f.breaker.trip(f.now(), f.now());
    f.wait_for_half_open();

    const auto trial = f.breaker.pass(f.now());
    f.breaker.release(trial);
    CHECK(f.breaker.may_pass(f.now()));
    CHECK(f.breaker.at(f.now()) == position::half_open);

    const auto lost = f.breaker.pass(f.now());
    f.clock.advance(health_rules::trial_max - milliseconds(1));
    CHECK_FALSE(f.breaker.may_pass(f.now()));
    f.clock.advance(milliseconds(1));
    REQUIRE(f.breaker.may_pass(f.now()));
    const auto next = f.breaker.pass(f.now());
    f.breaker.good(lost, f.now());
    CHECK(f.breaker.at(f.now()) == position::half_open);
    f.breaker.good(next, f.now());
    CHECK(f.breaker.at(f.now()) == position::closed);
}

TEST_CASE("each bad trial doubles the time, up to a bound") {
    guarded_peer f;
    f.breaker.trip(f.now(), f.now());
    duration whole = health_rules::open_first;
    for (int n = 0; n < 12; ++n) {
        const duration open = f.wait_for_half_open();
        CHECK(open >= whole / 2);
        CHECK(open <= whole);
        whole = std::min(whole * 2, health_rules::open_max);

        f.breaker.bad(f.breaker.pass(f.now()), f.now());
    }
}

TEST_CASE("a breaker that closed remembers its trips for a while") {
    guarded_peer f;
    f.breaker.trip(f.now(), f.now());
    f.wait_for_half_open();
    f.breaker.good(f.breaker.pass(f.now()), f.now());

    f.clock.advance(health_rules::open_forgotten - milliseconds(1));
    f.breaker.trip(f.now(), f.now());
    CHECK(f.wait_for_half_open() >= health_rules::open_first);
    f.breaker.good(f.breaker.pass(f.now()), f.now());

    f.clock.advance(health_rules::open_forgotten);
    f.breaker.trip(f.now(), f.now());
    CHECK(f.wait_for_half_open() <= health_rules::open_first);
}

TEST_CASE("what was asked before the breaker closed cannot trip it again") {
    guarded_peer f;
    const time_point early = f.now();
    f.breaker.trip(early, f.now());
    f.wait_for_half_open();
    f.breaker.good(f.breaker.pass(f.now()), f.now());

    f.breaker.trip(early, f.now());
    CHECK(f.breaker.at(f.now()) == position::closed);

    f.breaker.trip(f.now(), f.now());
    CHECK(f.breaker.at(f.now()) == position::open);
}

}  // namespace lode::cluster
