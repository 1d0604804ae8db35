// What finding the nodes of a part costs.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "cluster/choice.h"
#include "cluster/hot_parts.h"
#include "cluster/jump_hash.h"
#include "cluster/spread_memory.h"
#include "cluster/view.h"

using namespace lode;
using namespace lode::cluster;

namespace {

std::vector<member> members_with_a_slot_each(std::int64_t count) {
    std::vector<member> members;
    members.reserve(static_cast<std::size_t>(count));
    for (std::uint32_t n = 0; n < count; ++n) {
        members.push_back({.name = std::to_string(1'000'000 + n),
                           .address = "10.0.0.1:9001",
                           .slots = {{.first = n, .count = 1}}});
    }
    return members;
}

hash128 any_part(lode::random& random) {
    const std::uint64_t high = random.next();
    return {.high = high, .low = random.next()};
}

void jump(benchmark::State& state) {
    lode::random random(1);
    const auto buckets = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(jump_hash(random.next(), buckets));
}
BENCHMARK(jump)->Arg(10)->Arg(1000)->Arg(10'000)->Arg(slots_max);

// Nodes, candidates, of ten slots so many vacant.
void candidates_of_a_part(benchmark::State& state) {
    std::vector<member> members = members_with_a_slot_each(state.range(0));
    std::erase_if(members, [&](const member& m) {
        return m.slots[0].first % 10 < static_cast<std::uint64_t>(state.range(2));
    });
    const slot_table table(members, "");
    const auto wanted = static_cast<unsigned>(state.range(1));
    lode::random random(1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(candidates_of(any_part(random), table, wanted));
    }
}
BENCHMARK(candidates_of_a_part)
    ->ArgsProduct({{10, 1000, 10'000}, {1, 3, 8}, {0}})
    ->Args({10'000, 3, 1})
    ->Args({10'000, 3, 5})
    ->Args({10'000, 3, 9});

void choice_of_two(benchmark::State& state) {
    candidates from;
    for (std::uint16_t n = 0; n < 8; ++n) from.add(member_index(n));
    lode::random random(1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(choose(
            from, 8, [](member_index) { return standing::ask; },
            [](member_index who) { return bytes(who.value()); }, random));
    }
}
BENCHMARK(choice_of_two);

void rate_of_a_part(benchmark::State& state) {
    hot_parts parts({});
    lode::random random(1);
    time_point now{};
    for (auto _ : state) {
        now += std::chrono::microseconds(10);
        const hash128 part{.high = random.below(static_cast<std::uint64_t>(state.range(0))),
                           .low = 1};
        parts.asked(part, bytes(1U << 20U), 1, now);
        benchmark::DoNotOptimize(parts.spread_of(part, now));
    }
}
BENCHMARK(rate_of_a_part)->Arg(1000)->Arg(1'000'000);

void spread_to_remember(benchmark::State& state) {
    spread_memory memory;
    lode::random random(1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            memory.spread_of({.high = random.below(1'000'000), .low = 1}, time_point{}));
    }
}
BENCHMARK(spread_to_remember);

void new_view(benchmark::State& state) {
    const std::vector<member> members = members_with_a_slot_each(state.range(0));
    for (auto _ : state) {
        const view made(members, members.front().name);
        benchmark::DoNotOptimize(made.digest());
    }
}
BENCHMARK(new_view)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
