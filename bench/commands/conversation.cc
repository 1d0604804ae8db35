#include "bench/commands/conversation.h"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/commands/interruption.h"
#include "bench/commands/report_options.h"
#include "bench/load/prepare.h"
#include "bench/load/run_load.h"

namespace lode::bench {
namespace {

// Back to the line's begin, and clears what stood there.
constexpr std::string_view same_line = "\r\x1b[K";

bool shows_progress() { return ::isatty(STDERR_FILENO) == 1; }

void end_progress() {
    if (shows_progress()) fmt::print(stderr, "{}", same_line);
}

double milliseconds(duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

double gigabytes(bytes amount) { return static_cast<double>(amount.count()) * 1e-9; }

void show_second(std::string_view what, const progress& p) {
    fmt::print(stderr, "{}{:>4.0f} s  {}  {:>8} requests/s  {:>6.2f} GB/s  {} errors", same_line,
               std::chrono::duration<double>(p.since_begin).count(), what, p.requests,
               gigabytes(p.received + p.sent), p.errors);
}

void print_latencies(std::string_view what, const latency_summary& l) {
    fmt::print(
        "  {:<12} mean {:.3f}  p50 {:.3f}  p90 {:.3f}  p99 {:.3f}  p99.9 {:.3f}  max {:.3f} ms\n",
        what, milliseconds(l.mean), milliseconds(l.p50), milliseconds(l.p90), milliseconds(l.p99),
        milliseconds(l.p99_9), milliseconds(l.most));
}

// In both units that CPU time is compared in.
void print_cpu(std::string_view whose, double seconds, const run_result& seen) {
    const double moved = gigabytes(seen.received + seen.sent);
    fmt::print("  {:<12} {:.2f} s", whose, seconds);
    if (seen.requests > 0) {
        fmt::print(", {:.1f} us/request", seconds * 1e6 / static_cast<double>(seen.requests));
    }
    if (moved > 0) fmt::print(", {:.3f} s/GB", seconds / moved);
    fmt::print("\n");
}

}  // namespace

int complain(std::string_view sentence) {
    fmt::print(stderr, "lode-bench: {}\n", sentence);
    return 1;
}

std::expected<void, std::string> prepare_data(const load_arguments& given, const load_options& o) {
    if (given.no_prepare || o.what == action::put) return {};
    prepare_hooks hooks{.interrupted = &interrupted()};
    if (shows_progress()) {
        hooks.each_second = [&o](const prepared& p) {
            fmt::print(stderr, "{}preparing: {} of {} objects, {} put, {:.2f} GB", same_line,
                       p.objects, o.data.objects, p.put, gigabytes(p.sent));
        };
    }
    const auto done = prepare(o, hooks);
    end_progress();
    if (!done) return std::unexpected(done.error());
    if (interrupted()) return std::unexpected("Interrupted.");
    return {};
}

std::expected<void, std::string> warm_cache(const load_options& o) {
    if (o.state == cache_state::any || o.state == cache_state::cold) return {};
    run_hooks hooks{.interrupted = &interrupted()};
    if (shows_progress()) {
        hooks.each_second = [](const progress& p) { show_second("warming", p); };
    }
    const auto done = read_once(o, hooks);
    end_progress();
    if (!done) return std::unexpected(done.error());
    if (interrupted()) return std::unexpected("Interrupted.");
    return {};
}

std::expected<run_result, std::string> run_with_progress(const load_options& o) {
    run_hooks hooks{.interrupted = &interrupted()};
    if (shows_progress()) {
        hooks.each_second = [](const progress& p) {
            show_second(p.warming_up ? "warm-up" : "       ", p);
        };
    }
    auto seen = run_load(o, hooks);
    end_progress();
    return seen;
}

void print_summary(const run_result& seen) {
    fmt::print("{} {}: {}, {} in flight", seen.label, seen.operation, seen.workload,
               seen.in_flight);
    if (seen.offered_rate) fmt::print(", {:g} requests/s due", *seen.offered_rate);
    fmt::print("\n  {:<12} {:.1f} requests/s, {:.3f} GB/s, {} requests in {:.2f} s\n", "throughput",
               seen.requests_per_second(), seen.bytes_per_second() * 1e-9, seen.requests,
               seen.seconds());
    print_latencies("whole", seen.whole);
    print_latencies("first byte", seen.first_byte);
    print_cpu("client CPU", seen.client_cpu, seen);
    if (seen.server_cpu) print_cpu("server CPU", *seen.server_cpu, seen);
    std::string words;
    for (const auto& [word, count] : seen.words) {
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, word);
    }
    if (!words.empty()) fmt::print("  {:<12} {}\n", "answers", words);
    for (const auto& [kind, count] : seen.errors) {
        fmt::print("  {:<12} {} {}\n", "error", count, kind);
    }
    if (seen.verified) fmt::print("  {:<12} {} wrong bodies\n", "verified", seen.mismatches);
}

std::optional<std::string> objection_to(const run_result& seen, const load_options& o) {
    if (seen.mismatches > 0) {
        return fmt::format("{} of the answers had other bytes than were stored.", seen.mismatches);
    }
    if (seen.requests == 0) {
        if (seen.errors.empty()) return "No request ended in the measured time.";
        const auto& [kind, count] = *seen.errors.begin();
        return fmt::format("No request ended well; {} ended with: {}.", count, kind);
    }
    if (o.what == action::put) return std::nullopt;
    return problem_with_state(o.state, seen.words);
}

int run_command(const load_arguments& given, action what) {
    const auto load = load_of(given, what);
    if (!load) return complain(load.error());
    if (auto ready = prepare_data(given, *load); !ready) return complain(ready.error());
    if (auto warm = warm_cache(*load); !warm) return complain(warm.error());
    report made = begin_report("");
    const auto seen = run_with_progress(*load);
    if (!seen) return complain(seen.error());
    print_summary(*seen);
    const auto objection = objection_to(*seen, *load);
    made.title = seen->operation;
    made.runs.push_back({0, *seen});
    return finish_report(made, given.files, objection ? complain(*objection) : 0);
}

}  // namespace lode::bench
