#include "bench/report/comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/assert.h"

namespace lode::bench {
namespace {

constexpr double notch_width = 1.57;
constexpr std::size_t rounds_least = 3;

using round_of_runs = std::map<std::string, const run_result*, std::less<>>;  // by label

double quantile(const std::vector<double>& sorted, double at) {
    const double rank = at * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double share = rank - static_cast<double>(below);
    return sorted[below] + share * (sorted[above] - sorted[below]);
}

std::optional<spread> spread_of_any(std::vector<double> values) {
    return values.empty() ? std::nullopt : std::optional(spread_of(std::move(values)));
}

compared_metric compare_metric(const metric& what, std::string_view label,
                               std::string_view baseline,
                               const std::map<std::uint32_t, round_of_runs>& rounds) {
    std::vector<double> values;
    std::vector<double> ratios;
    for (const auto& [number, runs] : rounds) {
        const auto own = runs.find(label);
        if (own == runs.end()) continue;
        const auto value = what.of(*own->second);
        if (!value) continue;
        values.push_back(*value);
        const auto base = label == baseline ? runs.end() : runs.find(baseline);
        if (base == runs.end()) continue;
        const auto base_value = what.of(*base->second);
        if (base_value && *base_value > 0) ratios.push_back(*value / *base_value);
    }
    return {&what, spread_of_any(std::move(values)), spread_of_any(std::move(ratios))};
}

}  // namespace

spread spread_of(std::vector<double> values) {
    LODE_ASSERT(!values.empty());
    std::ranges::sort(values);
    return {.count = values.size(),
            .median = quantile(values, 0.5),
            .least = values.front(),
            .most = values.back(),
            .lower = quantile(values, 0.25),
            .upper = quantile(values, 0.75)};
}

comparison compare_runs(std::span<const measured_run> runs, std::string_view baseline) {
    std::map<std::uint32_t, round_of_runs> rounds;
    std::vector<std::string> labels;
    for (const auto& [round, seen] : runs) {
        if (round == 0) continue;
        rounds[round].insert_or_assign(seen.label, &seen);
        if (std::ranges::find(labels, seen.label) == labels.end()) labels.push_back(seen.label);
    }

    comparison out{.baseline = std::string(baseline), .endpoints = {}};
    for (const std::string& label : labels) {
        compared_endpoint& endpoint = out.endpoints.emplace_back(label);
        for (const metric& what : all_metrics()) {
            endpoint.metrics.push_back(compare_metric(what, label, baseline, rounds));
        }
    }
    return out;
}

const compared_endpoint* comparison::find(std::string_view label) const {
    const auto found = std::ranges::find(endpoints, label, &compared_endpoint::label);
    return found == endpoints.end() ? nullptr : &*found;
}

verdict judge(const spread& ratio, preferred better, double least_gain) {
    if (ratio.count < rounds_least) return verdict::noise;
    const double notch =
        notch_width * (ratio.upper - ratio.lower) / std::sqrt(static_cast<double>(ratio.count));
    const double above = ratio.median - std::max(notch, least_gain);
    const double below = ratio.median + std::max(notch, least_gain);
    if (above > 1) return better == preferred::more ? verdict::better : verdict::worse;
    if (below < 1) return better == preferred::less ? verdict::better : verdict::worse;
    return verdict::noise;
}

std::string_view word_of(verdict v) {
    switch (v) {
        case verdict::better: return "better";
        case verdict::worse: return "worse";
        case verdict::noise: return "noise";
    }
    return {};
}

}  // namespace lode::bench
