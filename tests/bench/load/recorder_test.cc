#include "bench/load/recorder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using namespace std::chrono_literals;

namespace {

const time_point start{std::chrono::hours(1)};

request_times times(duration due, duration first_byte, duration end) {
    return {.due = start + due, .first_byte = start + first_byte, .end = start + end};
}

run_result merged(std::initializer_list<const recorder*> cores, duration measured) {
    run_result seen;
    recorder::merge(std::vector<const recorder*>(cores), measured, seen);
    return seen;
}

// By the definition of nearest rank.
duration by_definition(const std::vector<latency_ticks>& sorted, double fraction) {
    const auto n = static_cast<double>(sorted.size());
    std::size_t place = 0;
    while (static_cast<double>(place + 1) < fraction * n) ++place;
    return latency_tick * static_cast<std::int64_t>(sorted[place]);
}

}  // namespace

TEST_CASE("percentiles are the samples that a sorted list has at their ranks") {
    lode::random chance(5);
    for (const std::size_t count : {1UZ, 2UZ, 3UZ, 10UZ, 99UZ, 100UZ, 101UZ, 9'999UZ, 20'000UZ}) {
        std::vector<latency_ticks> samples(count);
        for (auto& each : samples) each = static_cast<latency_ticks>(chance.below(1'000'000));
        auto sorted = samples;
        std::ranges::sort(sorted);

        auto copy = samples;
        const latency_summary seen = summarise(copy);

        CHECK(seen.count == count);
        CHECK(seen.least == latency_tick * sorted.front());
        CHECK(seen.p50 == by_definition(sorted, 0.5));
        CHECK(seen.p90 == by_definition(sorted, 0.9));
        CHECK(seen.p99 == by_definition(sorted, 0.99));
        CHECK(seen.p99_9 == by_definition(sorted, 0.999));
        CHECK(seen.p99_99 == by_definition(sorted, 0.9999));
        CHECK(seen.most == latency_tick * sorted.back());
        CHECK(percentile(samples, 0.99) == seen.p99);
    }
}

TEST_CASE("the mean of a constant is that constant, and nothing has no percentile") {
    std::vector<latency_ticks> same(1000, 12'345);

    CHECK(summarise(same).mean == latency_tick * 12'345);
    CHECK(summarise({}).count == 0);
    CHECK(summarise({}).p99 == duration::zero());
    CHECK(percentile({}, 0.5) == duration::zero());
}

TEST_CASE("times beyond what a sample holds stay at its limit, and none is below zero") {
    CHECK(ticks_of(-5ms) == 0);
    CHECK(ticks_of(1ms) == 10'000);
    CHECK(ticks_of(std::chrono::hours(1)) == 4'294'967'295U);
}

TEST_CASE("latency counts from when a request was due") {
    const auto core = std::make_unique<recorder>(start, start + 10s);

    // Due at 1 s, the server stalled until 3 s.
    core->ended_well(times(1s, 3s, 3s + 5ms), answer_word::miss);

    const run_result seen = merged({core.get()}, 10s);
    CHECK(seen.first_byte.most == 2s);
    CHECK(seen.whole.most == 2s + 5ms);
    CHECK(seen.words == cache_words{{"MISS", 1}});
}

TEST_CASE("only what ends within the measured time counts") {
    const auto core = std::make_unique<recorder>(start, start + 2s);
    core->ended_well(times(-2s, -1s, -1ms), answer_word::hit_memory);
    core->ended_well(times(-1s, -1ms, 0s), answer_word::hit_memory);
    core->ended_well(times(1s, 1s, 2s - 1ns), answer_word::hit_disk);
    core->ended_well(times(1s, 1s, 2s), answer_word::hit_memory);
    core->received(start - 1ms, 1000);
    core->received(start + 1ms, 10);
    core->received(start + 3s, 100);
    core->failed(start - 1ms, "time-out");
    core->failed(start + 1500ms, "503 SlowDown");

    const run_result seen = merged({core.get()}, 2s);

    CHECK(seen.requests == 2);
    CHECK(seen.received == bytes(10));
    CHECK(seen.errors == std::map<std::string, std::uint64_t>{{"503 SlowDown", 1}});
    CHECK(core->live().requests == 4);
    CHECK(core->live().received == 1110);
    CHECK(core->live().errors == 2);
}

TEST_CASE("there is a row for every second, with its own percentiles over all cores") {
    const auto one = std::make_unique<recorder>(start, start + 10s);
    const auto two = std::make_unique<recorder>(start, start + 10s);
    for (int i = 1; i <= 3; ++i) {
        one->ended_well(times(0s, 0s, i * 1ms), answer_word::hit);
        two->ended_well(times(2s, 2s, 2s + i * 10ms), answer_word::hit);
    }
    two->received(start + 2100ms, 77);

    const run_result seen = merged({one.get(), two.get()}, 3500ms);

    REQUIRE(seen.timeline.size() == 4);
    CHECK(seen.timeline[0].requests == 3);
    CHECK(seen.timeline[0].p50 == 2ms);
    CHECK(seen.timeline[1].requests == 0);
    CHECK(seen.timeline[1].p99 == duration::zero());
    CHECK(seen.timeline[2].requests == 3);
    CHECK(seen.timeline[2].p50 == 20ms);
    CHECK(seen.timeline[2].p99 == 30ms);
    CHECK(seen.timeline[2].received == bytes(77));
    CHECK(seen.timeline[3].begin == 3s);
    CHECK(seen.timeline[3].length == 500ms);
    CHECK(seen.whole.count == 6);
    CHECK(seen.whole.p50 == 3ms);
}

TEST_CASE("a run of whole seconds has no row behind its end") {
    const auto core = std::make_unique<recorder>(start, start + 2s);

    CHECK(merged({core.get()}, 2s).timeline.size() == 2);
}

TEST_CASE("kinds of errors are bounded") {
    const auto core = std::make_unique<recorder>(start, start + 2s);
    for (int i = 0; i < 100; ++i) core->failed(start, "kind " + std::to_string(i));
    core->never_begun(5);

    const run_result seen = merged({core.get()}, 2s);

    CHECK(seen.errors.size() == 32);
    CHECK(seen.errors.at("kind 0") == 1);
    CHECK(seen.errors.at("other") == 69 + 5);
}

TEST_CASE("samples stay in order over the borders of their blocks") {
    latencies all;
    for (std::uint32_t i = 0; i < 200'000; ++i) all.add({.first_byte = i, .whole = i + 1});

    CHECK(all.size() == 200'000);
    CHECK(all.at(0).whole == 1);
    CHECK(all.at(65'535).first_byte == 65'535);
    CHECK(all.at(65'536).first_byte == 65'536);
    CHECK(all.at(199'999).whole == 200'000);
    CHECK_FALSE(all.full());
}
