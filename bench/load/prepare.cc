#include "bench/load/prepare.h"

#include <thread>

#include <fmt/format.h>

#include "bench/load/reach.h"
#include "bench/load/uploader.h"
#include "engine/runtime/core.h"

namespace lode::bench {
namespace {

constexpr duration glance_every = std::chrono::milliseconds(10);

engine::task<void> upload(const run_plan& plan, const way_to_target& way, run_signals& signals,
                          recorder& seen, upload_counts& counts, std::string& problem) {
    auto dialer = way.dialer(plan.options.target);
    const auto here = std::make_unique<uploader>(plan, dialer, signals, seen, counts);
    co_await here->run();
    problem = here->problem();
}

}  // namespace

std::expected<prepared, std::string> prepare(const load_options& o, const prepare_hooks& hooks) {
    if (const auto problem = problem_of(o)) return std::unexpected(*problem);
    const auto way = reach(o.target);
    if (!way) return std::unexpected(way.error());

    const system_clock clock;
    const data_set data(o.data);
    const run_plan plan{.options = o, .data = data, .begin = clock.now(), .end = never};
    run_signals signals;
    // Bytes are summed for progress; rows of seconds are nobody's business here.
    recorder seen(never, never);
    upload_counts counts;
    std::string problem;
    engine::core_group core({.cores = 1, .pin = engine::core_group::options::pinning::free});
    auto started =
        core.start([&](core_id) { return upload(plan, *way, signals, seen, counts, problem); });
    if (!started) {
        return std::unexpected(
            fmt::format("The kernel gives no io_uring: {}.", describe(started.error())));
    }

    const auto so_far = [&] {
        return prepared{.objects = counts.objects,
                        .put = counts.put,
                        .sent = bytes(seen.live().sent.load(std::memory_order_relaxed))};
    };
    time_point told = clock.now();
    while (!counts.ended) {
        std::this_thread::sleep_for(glance_every);
        if (hooks.interrupted != nullptr && *hooks.interrupted) signals.stop = true;
        if (hooks.each_second && clock.now() >= told + std::chrono::seconds(1)) {
            told = clock.now();
            hooks.each_second(so_far());
        }
    }
    core.join();
    if (!problem.empty()) return std::unexpected(problem);
    return so_far();
}

}  // namespace lode::bench
