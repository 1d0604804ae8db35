#include "engine/runtime/task.h"

#include <memory>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"
#include "engine/runtime/wait_list.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::engine;

namespace {

task<int> forty_two() { co_return 42; }

task<void> mark(std::vector<int>& trace, int what) {
    trace.push_back(what);
    co_return;
}

task<int> sum_of_first(int n) {
    int total = 0;
    for (int i = 0; i < n; ++i) total += co_await forty_two();
    co_return total;
}

task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }

task<void> sleeper(std::vector<int>& trace, int what, duration time) {
    co_await sleep_for(time);
    trace.push_back(what);
}

task<void> waiter(wait_list& l, time_point until, std::vector<result<>>& outcomes) {
    outcomes.push_back(co_await l.wait(until));
}

task<void> hold(semaphore& s, std::uint64_t units, std::vector<std::uint64_t>& order) {
    auto got = co_await s.acquire(units);
    LODE_ASSERT(got.has_value());
    order.push_back(units);
    co_await sleep_for(std::chrono::seconds(1));
    s.release(units);
}

task<void> a_turn_for_everybody() {
    for (int i = 0; i < 3; ++i) co_await yield();
}

task<void> never_ends(wait_list& l) { (void)co_await l.wait(); }

}  // namespace

TEST_CASE("a task does nothing before it is awaited") {
    std::vector<int> trace;
    simulation world(1);

    task<void> lazy = mark(trace, 1);
    CHECK(trace.empty());
    const auto outcome = world.run(std::move(lazy));

    CHECK(outcome == simulation::outcome::finished);
    CHECK(trace == std::vector{1});
}

TEST_CASE("a task that is never awaited frees its frame") {
    std::vector<int> trace;
    {
        auto dropped = mark(trace, 1);
    }
    CHECK(trace.empty());
}

namespace {
task<void> a_million_awaits(int& total) { total = co_await sum_of_first(1'000'000); }
task<void> take_box(int& out) { out = *co_await boxed(7); }
}  // namespace

TEST_CASE("a million awaits in a row need no stack") {
    simulation world(1);
    int total = 0;

    CHECK(world.run(a_million_awaits(total)) == simulation::outcome::finished);

    CHECK(total == 42'000'000);
}

TEST_CASE("a task can return what can only be moved") {
    simulation world(1);
    int seen = 0;

    CHECK(world.run(take_box(seen)) == simulation::outcome::finished);

    CHECK(seen == 7);
}

namespace {
task<void> three_sleepers(std::vector<int>& trace) {
    scope all;
    all.spawn(sleeper(trace, 3, std::chrono::seconds(3)));
    all.spawn(sleeper(trace, 1, std::chrono::seconds(1)));
    all.spawn(sleeper(trace, 2, std::chrono::seconds(2)));
    co_await all.close();
    trace.push_back(4);
}
}  // namespace

TEST_CASE("sleepers wake in the order of their times, and a scope waits for all of them") {
    simulation world(1);
    std::vector<int> trace;
    const time_point start = world.clock().now();

    CHECK(world.run(three_sleepers(trace)) == simulation::outcome::finished);

    CHECK(trace == std::vector{1, 2, 3, 4});
    CHECK(world.clock().now() - start == std::chrono::seconds(3));
}

namespace {
task<void> sleep_through_a_jump(simulation& world, std::vector<int>& trace, duration& took) {
    const time_point start = now();
    scope all;
    all.spawn(sleeper(trace, 2, std::chrono::seconds(20)));
    all.spawn(sleeper(trace, 1, std::chrono::seconds(10)));
    all.spawn(sleeper(trace, 3, std::chrono::seconds(70)));
    world.jump(std::chrono::seconds(60));
    LODE_ASSERT(trace.empty());
    co_await yield();
    co_await yield();
    LODE_ASSERT(now() - start == std::chrono::seconds(60));
    trace.push_back(0);  // both that were due have had their turn
    co_await all.close();
    took = now() - start;
}
}  // namespace

TEST_CASE("after a jump of the clock everything that became due fires at once, in order") {
    simulation world(1);
    std::vector<int> trace;
    duration took{};

    CHECK(world.run(sleep_through_a_jump(world, trace, took)) == simulation::outcome::finished);

    CHECK(trace == std::vector{1, 2, 0, 3});
    CHECK(took == std::chrono::seconds(70));
}

namespace {
task<void> two_waiters(wait_list& l, std::vector<result<>>& outcomes) {
    scope all;
    all.spawn(waiter(l, now() + std::chrono::seconds(1), outcomes));
    all.spawn(waiter(l, never, outcomes));
    co_await sleep_for(std::chrono::seconds(2));
    l.notify_all(fail(errc::changed));
    co_await all.close();
}
}  // namespace

TEST_CASE("a waiter gets the notifier's word, or timed_out when its deadline comes first") {
    simulation world(1);
    wait_list l;
    std::vector<result<>> outcomes;

    CHECK(world.run(two_waiters(l, outcomes)) == simulation::outcome::finished);

    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[0].error().code == errc::timed_out);
    CHECK(outcomes[1].error().code == errc::changed);
    CHECK(l.empty());
}

namespace {
task<void> a_queue_for_units(semaphore& s, std::vector<std::uint64_t>& order) {
    scope all;
    all.spawn(hold(s, 2, order));
    all.spawn(hold(s, 3, order));  // must wait: only one unit is left
    all.spawn(hold(s, 1, order));  // would fit, but must not overtake
    LODE_ASSERT(order == std::vector<std::uint64_t>{2});
    LODE_ASSERT(!s.try_acquire(1));
    co_await all.close();
}
}  // namespace

TEST_CASE("a semaphore serves in line, and a small request does not overtake a large one") {
    simulation world(1);
    semaphore s(3);
    std::vector<std::uint64_t> order;

    CHECK(world.run(a_queue_for_units(s, order)) == simulation::outcome::finished);

    CHECK(order == std::vector<std::uint64_t>{2, 3, 1});
    CHECK(s.free() == 3);
}

namespace {
task<void> acquire(semaphore& s, std::uint64_t units, time_point until,
                   std::vector<result<>>& outcomes) {
    outcomes.push_back(co_await s.acquire(units, until));
}

task<void> a_line_that_is_sent_away(semaphore& s, std::vector<result<>>& outcomes) {
    scope all;
    LODE_ASSERT(s.try_acquire(2));
    all.spawn(acquire(s, 3, never, outcomes));
    all.spawn(acquire(s, 1, now() + std::chrono::seconds(1), outcomes));
    s.fail_line({.code = errc::unavailable});
    all.spawn(acquire(s, 1, never, outcomes));  // came later: gets the unit that is free
    co_await all.close();
    co_await sleep_for(std::chrono::seconds(2));  // no deadline strikes afterwards
    s.release(2);
    s.release(1);
}

task<void> the_first_gives_up(semaphore& s, std::vector<result<>>& outcomes) {
    scope all;
    LODE_ASSERT(s.try_acquire(2));
    all.spawn(acquire(s, 3, now() + std::chrono::seconds(1), outcomes));
    all.spawn(acquire(s, 1, now() + std::chrono::seconds(2), outcomes));
    co_await all.close();
}
}  // namespace

TEST_CASE("a line that is sent away gets the error and no units, and the next one starts anew") {
    simulation world(1);
    semaphore s(3);
    std::vector<result<>> outcomes;

    CHECK(world.run(a_line_that_is_sent_away(s, outcomes)) == simulation::outcome::finished);

    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[0].has_value());  // it never had to wait
    for (const std::size_t in_line : {1U, 2U}) {
        REQUIRE(!outcomes[in_line]);
        CHECK(outcomes[in_line].error().code == errc::unavailable);
    }
    CHECK(s.free() == 3);
}

TEST_CASE("whoever gives up makes way for a smaller request behind it") {
    simulation world(1);
    semaphore s(3);
    std::vector<result<>> outcomes;

    CHECK(world.run(the_first_gives_up(s, outcomes)) == simulation::outcome::finished);

    REQUIRE(outcomes.size() == 2);
    REQUIRE(!outcomes[0]);
    CHECK(outcomes[0].error().code == errc::timed_out);
    CHECK(outcomes[1].has_value());
    CHECK(s.free() == 0);
}

TEST_CASE("waiting for what never happens is reported as stuck") {
    simulation world(1);
    wait_list l;

    CHECK(world.run(never_ends(l)) == simulation::outcome::stuck);

    // Let it end, so that nothing is left behind.
    l.notify_all();
    CHECK(world.run(a_turn_for_everybody()) == simulation::outcome::finished);
}

TEST_CASE("timers fire in order whatever the order of arming, moving and disarming") {
    simulation world(3);
    struct probe {
        explicit probe(std::vector<int>& t, int w) : trace(t), what(w), clock(&fire, this) {}
        static void fire(void* self) {
            auto& me = *static_cast<probe*>(self);
            me.trace.push_back(me.what);
        }
        std::vector<int>& trace;
        int what;
        timer clock;
    };
    std::vector<int> trace;
    std::vector<std::unique_ptr<probe>> probes;
    for (int i = 0; i < 200; ++i) probes.push_back(std::make_unique<probe>(trace, i));
    const time_point start = world.clock().now();

    for (int i = 0; i < 200; ++i) {
        probes[static_cast<std::size_t>(i)]->clock.arm(start + std::chrono::milliseconds(1000 - i));
    }
    for (int i = 0; i < 200; ++i) {
        probes[static_cast<std::size_t>(i)]->clock.arm(start + std::chrono::milliseconds(i + 1));
    }
    for (std::size_t i = 0; i < 200; i += 2) probes[i]->clock.disarm();
    timer_heap& heap = scheduler::current().timers();
    heap.expire(start + std::chrono::milliseconds(100));

    std::vector<int> expected;
    for (int i = 1; i < 100; i += 2) expected.push_back(i);
    CHECK(trace == expected);
    CHECK(heap.size() == 50);
    probes.clear();
    CHECK(heap.size() == 0);
}
