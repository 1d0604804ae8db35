#include "engine/runtime/aside.h"

#include <atomic>
#include <memory>
#include <thread>

#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;
using namespace std::chrono_literals;

namespace {

task<void> count_turns(int& turns, const bool& over) {
    while (!over) {
        ++turns;
        co_await sleep_for(1ms);
    }
}

task<void> work_aside_while_counting(int& turns, bool& was_done, bool& elsewhere) {
    bool over = false;
    scope counting;
    counting.spawn(count_turns(turns, over));
    const auto here = std::this_thread::get_id();
    const auto there = std::make_shared<std::atomic<bool>>(false);
    const auto ended = co_await aside(
        [there, here] {
            std::this_thread::sleep_for(50ms);
            *there = std::this_thread::get_id() != here;
        },
        now() + 10s);
    was_done = ended.has_value();
    elsewhere = *there;
    over = true;
    co_await counting.close();
}

task<void> work_too_long(errc& why, duration& took) {
    const auto go_on = std::make_shared<std::atomic<bool>>(true);
    const time_point begun = now();
    const auto ended = co_await aside(
        [go_on] {
            while (*go_on) std::this_thread::sleep_for(1ms);
        },
        now() + 30ms);
    took = now() - begun;
    why = ended ? errc::io : ended.error().code;
    *go_on = false;
}

}  // namespace

TEST_CASE("a core goes on while something blocks on a thread of its own") {
    int turns = 0;
    bool was_done = false;
    bool elsewhere = false;

    run_on_core([&] { return work_aside_while_counting(turns, was_done, elsewhere); });

    CHECK(was_done);
    CHECK(elsewhere);
    CHECK(turns > 10);
}

TEST_CASE("nobody waits for blocking work beyond the time that it was given") {
    errc why{};
    duration took{};

    run_on_core([&] { return work_too_long(why, took); });

    CHECK(why == errc::timed_out);
    CHECK(took < 5s);
}
