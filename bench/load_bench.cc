// What the load generator spends on a request before the kernel sees it: content, a draw, a head.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/load/content.h"
#include "bench/load/request_heads.h"
#include "bench/load/zipf.h"

using namespace lode;
using namespace lode::bench;

namespace {

void write_content(benchmark::State& state) {
    const content object(1, 2);
    std::vector<std::byte> buffer(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        object.write(4096, buffer);
        benchmark::DoNotOptimize(buffer.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write_content)->Arg(64 << 10)->Arg(1 << 20);

void compare_content(benchmark::State& state) {
    const content object(1, 2);
    std::vector<std::byte> buffer(64U << 10U);
    object.write(4096, buffer);
    for (auto _ : state) benchmark::DoNotOptimize(object.first_difference(4096, buffer));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(buffer.size()));
}
BENCHMARK(compare_content);

void draw_zipf(benchmark::State& state) {
    const zipf law(1'000'000, 0.99);
    lode::random chance(1);
    for (auto _ : state) benchmark::DoNotOptimize(law.draw(chance));
}
BENCHMARK(draw_zipf);

void make_head(benchmark::State& state) {
    target_options target;
    target.who = {.access_key = "AKEXAMPLE", .secret_key = "a secret", .session_token = {}};
    const data_set data({});
    request_heads heads(
        target, data,
        state.range(0) == 0 ? request_heads::ranges::unsigned_ : request_heads::ranges::signed_);
    const wall_time now = system_clock().wall();
    std::string head;
    std::uint64_t object = 0;
    for (auto _ : state) {
        heads.get(object++ % 1000, extent{.begin = 100, .length = bytes(50)}, now, head);
        benchmark::DoNotOptimize(head.data());
    }
}
BENCHMARK(make_head)->ArgName("signed range")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
