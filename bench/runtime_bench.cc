// What the runtime's own steps cost: a switch between tasks, a trip through the ring, a message to another
// core and back, a checksum.
#include <atomic>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/base/hash.h"
#include "engine/runtime/core.h"
#include "engine/runtime/frames.h"
#include "engine/runtime/operations.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"

using namespace lode;
using namespace lode::engine;

namespace {

task<int> answer() { co_return 42; }

task<void> await_many(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(co_await answer());
}

void task_call(benchmark::State& state) {
    simulation world(1);
    world.run(await_many(state), ~std::uint64_t{0});
}
BENCHMARK(task_call);

task<void> yield_many(benchmark::State& state) {
    for (auto _ : state) co_await yield();
}

void ready_queue_round(benchmark::State& state) {
    simulation world(1);
    world.run(yield_many(state), ~std::uint64_t{0});
}
BENCHMARK(ready_queue_round);

auto no_operation() {
    return awaited_operation([](io_uring_sqe& entry) { io_uring_prep_nop(&entry); });
}

task<void> ring_many(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(co_await no_operation());
}

void ring_round_trip(benchmark::State& state) {
    core_group group({.cores = 1});
    if (!group.start([&](core_id) { return ring_many(state); })) state.SkipWithError("no ring");
    group.join();
}
BENCHMARK(ring_round_trip);

task<void> call_many(core_id self, benchmark::State& state, std::atomic<bool>& over) {
    if (self == core_id(1)) {
        while (!over) co_await sleep_for(std::chrono::milliseconds(5));
        co_return;
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(co_await on_core(core_id(1), [] { return 1; }));
    }
    over = true;
    co_await on_core(core_id(1), [] {});
}

// One caller, so that every trip finds the other core asleep: the worst case.
void remote_call_to_a_sleeping_core(benchmark::State& state) {
    std::atomic<bool> over = false;
    core_group group({.cores = 2});
    const auto main = [&](core_id self) { return call_many(self, state, over); };
    if (!group.start(main)) state.SkipWithError("no ring");
    group.join();
}
BENCHMARK(remote_call_to_a_sleeping_core)->UseRealTime();

constexpr int callers = 64;

class calls_to_another_core {
  public:
    task<void> call_again_and_again() {
        while (!over_) answered_ += co_await on_core(core_id(1), [] { return 1; });
    }
    [[nodiscard]] std::int64_t answered() const { return answered_; }
    void end() { over_ = true; }

  private:
    bool over_ = false;
    std::int64_t answered_ = 0;
};

task<void> call_from_many(core_id self, benchmark::State& state, std::atomic<bool>& other_over) {
    if (self == core_id(1)) {
        while (!other_over) co_await sleep_for(std::chrono::milliseconds(5));
        co_return;
    }
    calls_to_another_core calls;
    scope running;
    for (int i = 0; i < callers; ++i) running.spawn(calls.call_again_and_again());
    for (auto _ : state) {
        const std::int64_t enough = calls.answered() + callers;
        while (calls.answered() < enough) co_await yield();
    }
    state.SetItemsProcessed(calls.answered());
    calls.end();
    co_await running.close();
    other_over = true;
    co_await on_core(core_id(1), [] {});
}

// 64 callers at once, so that both cores have work and neither sleeps: a turn is about 64 calls, there and back.
void remote_calls_to_a_busy_core(benchmark::State& state) {
    std::atomic<bool> over = false;
    core_group group({.cores = 2});
    const auto main = [&](core_id self) { return call_from_many(self, state, over); };
    if (!group.start(main)) state.SkipWithError("no ring");
    group.join();
}
BENCHMARK(remote_calls_to_a_busy_core)->UseRealTime();

void xxh3_of_a_chunk(benchmark::State& state) {
    const std::vector<std::byte> chunk(static_cast<std::size_t>(state.range(0)), std::byte{7});
    for (auto _ : state) benchmark::DoNotOptimize(xxh3_64(chunk));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(xxh3_of_a_chunk)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void frame_take_and_give_back(benchmark::State& state) {
    auto pool = frame_pool::open(bytes(64U << 20U));
    for (auto _ : state) pool->give_back(pool->try_take(size_class(4))->number);
}
BENCHMARK(frame_take_and_give_back);

}  // namespace

BENCHMARK_MAIN();
