#include "bench/report/headline.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "bench/report/comparison.h"
#include "bench/report/number_text.h"

namespace lode::bench {
namespace {

std::string of_run(const run_result& run) {
    std::string out = fmt::format("{}: {} requests/s and {} GB/s with {} in flight", run.label,
                                  figure_text(run.requests_per_second()),
                                  figure_text(run.bytes_per_second() / 1e9), run.in_flight);
    if (run.whole.count > 0) {
        out += fmt::format("; p50 {}, p99 {}", time_text(run.whole.p50, greek_micro),
                           time_text(run.whole.p99, greek_micro));
    }
    const std::uint64_t errors = errors_of(run);
    if (errors > 0) {
        out += fmt::format("; {} of {} requests failed", count_text(errors),
                           count_text(errors + run.requests));
    }
    if (run.mismatches > 0) {
        out += fmt::format("; {} bodies were not what was stored", count_text(run.mismatches));
    }
    return out + ".";
}

std::string of_ladder(const report& of, const std::string& label) {
    const run_result* peak = nullptr;
    const run_result* last = nullptr;
    for (const auto& [round, run] : of.runs) {
        if (run.label != label) continue;
        if (peak == nullptr || run.requests_per_second() > peak->requests_per_second()) peak = &run;
        if (last == nullptr || run.in_flight > last->in_flight) last = &run;
    }
    const double kept = peak->requests_per_second() > 0
                            ? last->requests_per_second() / peak->requests_per_second()
                            : 0;
    return fmt::format(
        "{} peaks at {} requests/s ({} GB/s) with {} in flight; with {} it keeps "
        "{:.0f} % of that, at a p99 of {}.",
        label, figure_text(peak->requests_per_second()),
        figure_text(peak->bytes_per_second() / 1e9), count_text(peak->in_flight),
        count_text(last->in_flight), 100 * kept, time_text(last->whole.p99, greek_micro));
}

std::string of_comparison(const comparison& all, const compared_endpoint& endpoint) {
    std::string out;
    for (const char* key : {"requests_per_second", "p99", "server_cpu_per_request"}) {
        const auto found =
            std::ranges::find(endpoint.metrics, find_metric(key), &compared_metric::what);
        if (found == endpoint.metrics.end() || !found->ratio) continue;
        out += fmt::format("{}{:.2f}x the {} ({:.2f} to {:.2f}, {})", out.empty() ? "" : "; ",
                           found->ratio->median, found->what->title, found->ratio->least,
                           found->ratio->most, word_of(judge(*found->ratio, found->what->better)));
    }
    return out.empty() ? out : fmt::format("{}, beside {}: {}.", endpoint.label, all.baseline, out);
}

}  // namespace

std::vector<std::string> headlines(const report& of) {
    std::vector<std::string> out;
    const comparison all = compare_runs(of.runs, of.baseline);
    if (!of.baseline.empty() && !all.endpoints.empty()) {
        for (const compared_endpoint& endpoint : all.endpoints) {
            const std::string said = of_comparison(all, endpoint);
            if (!said.empty()) out.push_back(said);
        }
    } else if (is_ladder(of)) {
        for (const std::string& label : labels_of(of)) out.push_back(of_ladder(of, label));
    } else {
        for (const auto& [round, run] : of.runs) out.push_back(of_run(run));
    }
    return out;
}

std::vector<std::string> labels_of(const report& of) {
    std::vector<std::string> out;
    for (const auto& [round, run] : of.runs) {
        if (std::ranges::find(out, run.label) == out.end()) out.push_back(run.label);
    }
    return out;
}

bool is_ladder(const report& of) {
    const auto steps = [&](const std::string& label) {
        std::set<unsigned> at_once;
        for (const auto& [round, run] : of.runs) {
            if (run.label == label) at_once.insert(run.in_flight);
        }
        return at_once.size();
    };
    return std::ranges::any_of(labels_of(of), [&](const auto& label) { return steps(label) >= 3; });
}

}  // namespace lode::bench
