#include "frontend/origin/layout_memory.h"

#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;
using engine::sleep_for;
using engine::task;
using std::chrono::milliseconds;
using certainty = part_layout::certainty;

namespace {

struct asking {
    layout_memory memory{std::chrono::seconds(5)};
    part_layout truth = part_layout::uniform(bytes(1000), bytes(300), certainty::exact);
    duration takes = milliseconds(10);
    int questions = 0;
    int right = 0;
};

task<void> want(asking& a, hash128 content, duration after) {
    co_await sleep_for(after);
    const auto turn = co_await a.memory.enter(content);
    if (turn.known) {
        a.right += *turn.known == a.truth ? 1 : 0;
        co_return;
    }
    ++a.questions;
    co_await sleep_for(a.takes);
    if (turn.first) a.memory.found(content, a.truth);
}

task<void> want_all(asking& a, const std::vector<duration>& when) {
    engine::scope all;
    for (const duration after : when) all.spawn(want(a, {.high = 1, .low = 2}, after));
    co_await all.close();
}

task<void> fill(asking& a, std::uint64_t contents) {
    for (std::uint64_t n = 0; n < contents; ++n) {
        const auto turn = co_await a.memory.enter({.high = n, .low = n});
        LODE_ASSERT(turn.first);
        a.memory.found({.high = n, .low = n}, a.truth);
    }
}

void run(task<void> work) {
    engine::simulation world(1);
    const auto outcome = world.run(std::move(work));
    CHECK(outcome == engine::simulation::outcome::finished);
}

}  // namespace

TEST_CASE("a layout that many want at the same time is found out once and remembered") {
    asking a;

    run(want_all(a, {milliseconds(0), milliseconds(3), milliseconds(9), milliseconds(50)}));

    CHECK(a.questions == 1);
    CHECK(a.right == 3);
}

TEST_CASE("a layout that was only computed is told to those who wait, and asked for again") {
    asking a;
    a.truth = part_layout::computed(bytes(1000), 3);

    run(want_all(a, {milliseconds(0), milliseconds(3), milliseconds(50), milliseconds(51)}));

    CHECK(a.questions == 2);
    CHECK(a.right == 2);
    CHECK(a.memory.memory() == 0);
}

TEST_CASE("who has waited too long for a layout asks alone") {
    asking a;
    a.takes = std::chrono::seconds(8);

    run(want_all(a, {milliseconds(0), milliseconds(1), std::chrono::seconds(7)}));

    CHECK(a.questions == 2);
    CHECK(a.right == 1);
}

TEST_CASE("layouts are forgotten beyond the memory that they may take") {
    asking a;
    std::vector<bytes> lengths(parts_max, bytes(2));
    lengths.front() = bytes(1);
    a.truth = *part_layout::of_lengths(lengths);

    run(fill(a, 100));

    CHECK(a.memory.memory() <= layout_memory::memory_max);
    CHECK(a.memory.memory() > layout_memory::memory_max / 2);
}
