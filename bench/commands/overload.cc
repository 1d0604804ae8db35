// `lode-bench overload`: does throughput stay flat when more ask at once?
#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/interruption.h"
#include "bench/commands/report_options.h"

namespace lode::bench {
namespace {

// 1, 2, 4 ... and `most` itself.
std::vector<unsigned> ladder_to(unsigned most) {
    std::vector<unsigned> steps;
    for (unsigned step = 1; step < most; step *= 2) steps.push_back(step);
    steps.push_back(most);
    return steps;
}

double in_milliseconds(duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

void print_row(const run_result& seen) {
    std::uint64_t errors = 0;
    for (const auto& [kind, count] : seen.errors) errors += count;
    fmt::print("{:>9} {:>12.0f} {:>9.3f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10}\n", seen.in_flight,
               seen.requests_per_second(), seen.bytes_per_second() * 1e-9,
               in_milliseconds(seen.whole.p50), in_milliseconds(seen.whole.p99),
               in_milliseconds(seen.whole.most), errors);
}

// One run for each step, in this order.
int climb(const load_arguments& given, unsigned most) {
    auto load = load_of(given, action::get);
    if (!load) return complain(load.error());
    if (auto ready = prepare_data(given, *load); !ready) return complain(ready.error());
    if (auto warm = warm_cache(*load); !warm) return complain(warm.error());

    const unsigned cores = load->cores;
    int code = 0;
    report made = begin_report("overload");
    fmt::print("{:>9} {:>12} {:>9} {:>10} {:>10} {:>10} {:>10}\n", "in flight", "requests/s",
               "GB/s", "p50 ms", "p99 ms", "max ms", "errors");
    for (const unsigned step : ladder_to(most)) {
        if (interrupted()) break;
        load->in_flight = step;
        load->cores = std::min(cores, step);
        const auto seen = run_with_progress(*load);
        if (!seen) return complain(seen.error());
        print_row(*seen);
        made.runs.push_back({0, *seen});
        if (const auto objection = objection_to(*seen, *load)) code = complain(*objection);
    }
    return finish_report(made, given.files, code);
}

}  // namespace

command add_overload(CLI::App& app) {
    auto* made = app.add_subcommand(
        "overload", "Read with 1, 2, 4 ... requests in flight, one row each: does it stay flat?");
    const auto given = std::make_shared<load_arguments>();
    const auto most = std::make_shared<unsigned>(2000);
    add_load_options(*made, *given);
    add_report_options(*made, given->files);
    made->add_option("--to", *most, "The last step.")
        ->type_name("COUNT")
        ->capture_default_str()
        ->check(CLI::Range(1, 16'384));
    return {.app = made, .run = [given, most] { return climb(*given, *most); }};
}

}  // namespace lode::bench
