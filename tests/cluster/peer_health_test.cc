#include "cluster/peer_health.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "tests/catch.h"

namespace lode::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct fixture {
    simulated_clock clock;
    random chance{7};
    peer_health health{{}, chance, clock.now()};

    time_point now() const { return clock.now(); }

    void probe(bool good, peer_says says = peer_says::up) {
        clock.advance_to(std::max(now(), health.next_probe()));
        health.probe_sent(now());
        if (good) {
            health.probe_answered(now(), says);
        } else {
            health.probe_failed(now());
        }
    }
    void answer(duration latency) {
        auto q = health.ask(now());
        clock.advance(latency);
        health.answered(q, now());
    }
    void fail(peer_failure f) {
        auto q = health.ask(now());
        clock.advance(milliseconds(1));
        health.failed(q, now(), f);
    }
    // Good probes until the peer is in service again.
    std::uint32_t good_probes_to_return() {
        std::uint32_t count = 0;
        while (health.state() != peer_state::up && count < 100) {
            probe(true);
            ++count;
        }
        return count;
    }
};

}  // namespace

TEST_CASE("a peer is joining and not asked until a probe is answered") {
    fixture f;
    CHECK(f.health.state() == peer_state::joining);
    CHECK_FALSE(f.health.may_ask(f.now()));
    CHECK(f.health.next_probe() <= f.now() + health_rules::probe_doubtful);

    f.probe(true);

    CHECK(f.health.state() == peer_state::up);
    CHECK(f.health.may_ask(f.now()));
    CHECK(f.health.news() == peer_state::up);
    CHECK_FALSE(f.health.news());
}

TEST_CASE("a peer that never answers is down after eight probes") {
    fixture f;
    for (int n = 0; n < 7; ++n) f.probe(false);
    CHECK(f.health.state() == peer_state::joining);

    f.probe(false);

    CHECK(f.health.state() == peer_state::down);
}

TEST_CASE("each kind of failure has its weight") {
    struct row {
        const char* what;
        std::vector<peer_failure> failures;
        peer_state after;
    };
    const auto unreachable = peer_failure::unreachable;
    const auto late = peer_failure::late;
    const auto broken = peer_failure::broken;
    for (const row& r : {
             row{"no connection", {unreachable}, peer_state::suspect},
             row{"one late answer", {late}, peer_state::up},
             row{"one broken answer", {broken}, peer_state::up},
             row{"two late answers", {late, late}, peer_state::suspect},
             row{"one late, one broken", {late, broken}, peer_state::suspect},
         }) {
        fixture f;
        f.probe(true);
        INFO(r.what);

        for (const peer_failure failure : r.failures) f.fail(failure);

        CHECK(f.health.state() == r.after);
        CHECK(f.health.may_ask(f.now()) == (r.after == peer_state::up));
    }
}

TEST_CASE("an answer between two failures clears the first") {
    fixture f;
    f.probe(true);

    f.fail(peer_failure::late);
    f.answer(milliseconds(1));
    f.fail(peer_failure::late);

    CHECK(f.health.state() == peer_state::up);
}

TEST_CASE("after one failure the peer is probed soon") {
    fixture f;
    f.probe(true);
    f.clock.advance(milliseconds(240));
    f.answer(milliseconds(1));
    CHECK(f.health.next_probe() > f.now() + milliseconds(400));

    f.fail(peer_failure::broken);

    CHECK(f.health.next_probe() <= f.now() + milliseconds(10));
}

TEST_CASE("an answer that breaks off after its first byte counts as a failure") {
    fixture f;
    f.probe(true);
    auto one = f.health.ask(f.now());
    auto two = f.health.ask(f.now());
    f.health.answered(one, f.now());
    f.health.answered(two, f.now());

    f.health.failed(one, f.now(), peer_failure::broken);
    f.health.failed(two, f.now(), peer_failure::broken);

    CHECK(f.health.state() == peer_state::suspect);
}

TEST_CASE("what was asked before the peer came back says nothing against it") {
    fixture f;
    f.probe(true);
    auto old = f.health.ask(f.now());
    f.fail(peer_failure::unreachable);
    f.good_probes_to_return();
    REQUIRE(f.health.state() == peer_state::up);

    f.health.failed(old, f.now(), peer_failure::unreachable);

    CHECK(f.health.state() == peer_state::up);
}

TEST_CASE("a missed probe makes a silent peer suspect, but not one whose bytes arrive") {
    fixture f;
    f.probe(true);
    f.health.probe_sent(f.now());
    f.clock.advance(milliseconds(100));
    f.health.heard_from(f.now());
    f.health.probe_failed(f.now());
    CHECK(f.health.state() == peer_state::up);

    f.probe(false);

    CHECK(f.health.state() == peer_state::suspect);
}

TEST_CASE("each relapse doubles the good probes that a return takes") {
    fixture f;
    f.probe(true);
    for (const std::uint32_t expected : {2U, 4U, 8U, 16U, 16U}) {
        f.probe(false);
        CHECK(f.good_probes_to_return() == expected);
    }

    f.clock.advance(health_rules::strike_forgotten * 2);
    f.probe(false);
    CHECK(f.good_probes_to_return() == 8);

    f.clock.advance(health_rules::strike_forgotten * 10);
    f.probe(false);
    CHECK(f.good_probes_to_return() == 2);
}

TEST_CASE("a bad probe or a failed request begins the row of good probes anew") {
    fixture f;
    f.probe(true);
    f.probe(false);
    f.probe(true);
    f.probe(false);
    f.probe(true);
    CHECK(f.health.state() == peer_state::suspect);

    REQUIRE(f.health.may_ask(f.now()));
    f.fail(peer_failure::late);
    f.probe(true);
    CHECK(f.health.state() == peer_state::suspect);
    f.probe(true);

    CHECK(f.health.state() == peer_state::up);
}

TEST_CASE("a suspect is asked one thing at a time, however well it answers") {
    fixture f;
    f.probe(true);
    f.fail(peer_failure::unreachable);
    f.clock.advance(health_rules::open_first);

    for (int n = 0; n < 3; ++n) {
        REQUIRE(f.health.may_ask(f.now()));
        auto q = f.health.ask(f.now());
        CHECK_FALSE(f.health.may_ask(f.now()));
        f.health.answered(q, f.now());
    }

    f.good_probes_to_return();
    f.answer(milliseconds(1));
    auto one = f.health.ask(f.now());
    CHECK(f.health.may_ask(f.now()));
    f.health.dropped(one, f.now());
}

TEST_CASE("an overloaded peer is left alone for a while, but is up") {
    fixture f;
    f.probe(true);
    auto one = f.health.ask(f.now());
    auto two = f.health.ask(f.now());

    f.health.overloaded(one, f.now());
    f.health.overloaded(two, f.now());

    CHECK(f.health.state() == peer_state::up);
    CHECK_FALSE(f.health.may_ask(f.now()));
    CHECK_FALSE(f.health.may_ask(f.now() + health_rules::open_first / 2 - milliseconds(1)));
    CHECK(f.health.may_ask(f.now() + health_rules::open_first));
}

TEST_CASE("a peer that drains is asked, and says so itself") {
    fixture f;
    f.probe(true, peer_says::draining);
    CHECK(f.health.state() == peer_state::draining);
    CHECK(f.health.may_ask(f.now()));

    f.probe(true, peer_says::up);
    CHECK(f.health.state() == peer_state::up);

    f.probe(false);
    f.probe(true, peer_says::draining);
    f.probe(true, peer_says::draining);
    CHECK(f.health.state() == peer_state::draining);
}

TEST_CASE("what another core tells is believed, and is no news") {
    struct row {
        peer_state before;
        peer_state told;
        peer_state after;
    };
    using enum peer_state;
    for (const row& r : {
             row{joining, up, up},
             row{joining, down, down},
             row{up, suspect, suspect},
             row{up, draining, draining},
             row{up, down, down},
             row{up, joining, up},
             row{suspect, up, up},
             row{suspect, down, down},
             row{down, suspect, down},
             row{down, up, up},
         }) {
        fixture f;
        if (r.before != joining) f.health.told(r.before, f.now());
        REQUIRE(f.health.state() == r.before);
        INFO(name_of(r.before) << " told " << name_of(r.told));

        f.health.told(r.told, f.now());

        CHECK(f.health.state() == r.after);
        CHECK_FALSE(f.health.news());
    }
}

TEST_CASE("a guest probes only a peer that keeps it waiting, and leaves the rest to the watch") {
    fixture f;
    peer_health guest({.role = peer_health::duty::guest}, f.chance, f.now());
    CHECK(guest.next_probe() == never);
    guest.told(peer_state::up, f.now());
    CHECK(guest.next_probe() == never);
    f.clock.advance(seconds(10));

    auto q = guest.ask(f.now());
    CHECK(guest.next_probe() == f.now() + health_rules::probe_doubtful);
    f.clock.advance_to(guest.next_probe());
    guest.probe_sent(f.now());
    guest.probe_failed(f.now());

    CHECK(guest.state() == peer_state::suspect);
    CHECK(guest.news() == peer_state::suspect);
    CHECK(guest.next_probe() == never);
    guest.failed(q, f.now(), peer_failure::late);
}

TEST_CASE("patience follows the recent latencies between its bounds") {
    struct row {
        duration latency;
        duration least;
        duration most;
    };
    for (const row& r : {
             row{milliseconds(1), milliseconds(50), milliseconds(50)},
             row{milliseconds(40), milliseconds(160), milliseconds(200)},
             row{milliseconds(400), seconds(1), seconds(1)},
         }) {
        fixture f;
        f.probe(true);
        for (int n = 0; n < 15; ++n) f.answer(r.latency);
        CHECK(f.health.deadline(f.now()) == seconds(1));

        f.answer(r.latency);

        CHECK(f.health.deadline(f.now()) >= r.least);
        CHECK(f.health.deadline(f.now()) <= r.most);
    }
}

TEST_CASE("a late answer doubles the patience once for all that were asked together") {
    fixture f;
    f.probe(true);
    for (int n = 0; n < 2'000; ++n) f.answer(milliseconds(1));
    auto one = f.health.ask(f.now());
    auto two = f.health.ask(f.now());
    f.clock.advance(milliseconds(50));

    f.health.failed(one, f.now(), peer_failure::late);
    CHECK(f.health.deadline(f.now()) == milliseconds(100));
    f.health.failed(two, f.now(), peer_failure::late);
    CHECK(f.health.deadline(f.now()) == milliseconds(100));

    f.health.told(peer_state::up, f.now());
    f.clock.advance(seconds(1));
    f.answer(milliseconds(60));
    CHECK(f.health.deadline(f.now()) == milliseconds(50));
}

TEST_CASE("late answers teach the patience that lets them arrive") {
    fixture f;
    f.probe(true);
    for (int n = 0; n < 98; ++n) f.answer(milliseconds(1));

    // Never two in a row, and each answer takes back the doubling.
    for (int n = 0; n < 4; ++n) {
        auto q = f.health.ask(f.now());
        f.clock.advance(milliseconds(50));
        f.health.failed(q, f.now(), peer_failure::late);
        f.answer(milliseconds(1));
    }

    CHECK(f.health.deadline(f.now()) >= milliseconds(200));
}

TEST_CASE("a trial that its client gave up makes room for the next") {
    fixture f;
    f.probe(true);
    f.fail(peer_failure::unreachable);
    f.clock.advance(health_rules::open_first);
    auto trial = f.health.ask(f.now());
    REQUIRE_FALSE(f.health.may_ask(f.now()));

    f.health.dropped(trial, f.now());

    CHECK(f.health.may_ask(f.now()));
}

TEST_CASE("a question that took long for another's sake teaches no patience") {
    fixture f;
    f.probe(true);
    for (int n = 0; n < 200; ++n) f.answer(milliseconds(1));
    const duration before = f.health.deadline(f.now());
    for (int n = 0; n < 50; ++n) {
        auto q = f.health.ask(f.now());
        f.clock.advance(milliseconds(15));
        f.health.excused(q);
    }

    CHECK(f.health.deadline(f.now()) == before);
    CHECK(f.health.state() == peer_state::up);
    CHECK(f.health.may_ask(f.now()));
}

TEST_CASE("a hedge waits for the p99, and for a hundred answers") {
    fixture f;
    f.probe(true);
    for (int n = 0; n < 98; ++n) f.answer(milliseconds(1));
    f.answer(milliseconds(30));
    CHECK_FALSE(f.health.hedge_after(f.now()));

    f.answer(milliseconds(30));

    REQUIRE(f.health.hedge_after(f.now()));
    CHECK(*f.health.hedge_after(f.now()) >= milliseconds(30));
    CHECK(*f.health.hedge_after(f.now()) <= milliseconds(38));
}

TEST_CASE("the requests that lose against a hedge still count as slow") {
    fixture f;
    f.probe(true);
    for (int n = 0; n < 95; ++n) f.answer(milliseconds(1));
    for (int n = 0; n < 5; ++n) {
        auto q = f.health.ask(f.now());
        f.clock.advance(milliseconds(20 + 20 * n));
        f.health.dropped(q, f.now());
    }

    CHECK(*f.health.hedge_after(f.now()) >= milliseconds(80));
}

TEST_CASE("a large cluster probes its idle members more rarely") {
    CHECK(health_rules::idle_interval(1) == milliseconds(500));
    CHECK(health_rules::idle_interval(500) == milliseconds(500));
    CHECK(health_rules::idle_interval(501) == milliseconds(501));
    CHECK(health_rules::idle_interval(10'000) == seconds(10));
}

}  // namespace lode::cluster
