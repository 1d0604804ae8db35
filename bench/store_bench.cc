// What the store's own work costs: finding a part, serving a chunk from memory.
#include <benchmark/benchmark.h>

#include "engine/runtime/simulation.h"
#include "engine/store/part_index.h"
#include "engine/store/part_store.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

hash128 id_of(std::uint64_t number) {
    // A bijection with well mixed bits (splitmix64), cheap beside the look-up.
    std::uint64_t x = number * 0x9e37'79b9'7f4a'7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d0'49bb'1331'11ebU;
    return {.high = x ^ (x >> 31U), .low = x * 0xd6e8'feb8'6659'fd93U};
}

void index_lookup(benchmark::State& state) {
    const auto parts = static_cast<std::uint32_t>(state.range(0));
    part_index index(parts, 0);
    for (std::uint64_t i = 0; i < parts; ++i) {
        (void)index.insert({.id = id_of(i), .length = 5_KiB});
    }
    lode::random chance(1);
    for (auto _ : state) benchmark::DoNotOptimize(index.find(id_of(chance.below(parts))));
}

// One after the other, each waiting for the one before: the latency and not the throughput.
void index_lookup_chained(benchmark::State& state) {
    const auto parts = static_cast<std::uint32_t>(state.range(0));
    part_index index(parts, 0);
    for (std::uint64_t i = 0; i < parts; ++i) {
        (void)index.insert({.id = id_of(i), .length = 5_KiB});
    }
    std::uint64_t next = 1;
    for (auto _ : state) {
        const part_ref found = index.find(id_of(next % parts));
        next = next * 6'364'136'223'846'793'005U + found.value() + 1;
    }
}

task<void> hit_again_and_again(part_store& store, benchmark::State& state) {
    const auto started = co_await store.start(core_id(0));
    LODE_ASSERT(started.has_value());
    const part_key key = {.id = id_of(1), .length = 1_MiB};
    auto claim = co_await store.claim(key, 0);
    LODE_ASSERT(claim.has_value());
    claim->publish();
    for (auto _ : state) {
        const auto lease = co_await store.read(key, 0, never);
        LODE_ASSERT(lease.has_value());
    }
    co_await store.stop(core_id(0));
}

void memory_hit(benchmark::State& state) {
    simulation world(1);
    store_options o;
    o.memory = 64_MiB;
    auto store = part_store::open(o);
    LODE_ASSERT(store.has_value());
    world.run(hit_again_and_again(**store, state));
}

BENCHMARK(index_lookup)->Arg(100'000)->Arg(10'000'000);
BENCHMARK(index_lookup_chained)->Arg(100'000)->Arg(10'000'000);
BENCHMARK(memory_hit);

}  // namespace

BENCHMARK_MAIN();
