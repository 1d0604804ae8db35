// bench/report/comparison.h
//
// Endpoints (or configurations) set in relation to each other, from rounds in which each had its turn. A
// machine is quicker at one time than at another, and so is everything on it: the ratio to the baseline is
// taken within each round, where both met the same weather, and the median of those ratios is the answer.
// Pure arithmetic; who runs the rounds is turns.h.
//
//   Errors   A round in which the baseline or the endpoint has no figure has no ratio.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/metric.h"
#include "bench/report/report.h"

namespace lode::bench {

// Quartiles by linear interpolation between ranks.
struct spread {
    std::size_t count = 0;
    double median = 0;
    double least = 0;
    double most = 0;
    double lower = 0;  // quartile
    double upper = 0;
};

[[nodiscard]] spread spread_of(std::vector<double> values);

struct compared_metric {
    const metric* what = nullptr;
    std::optional<spread> value;
    std::optional<spread> ratio;  // to the baseline; nothing for the baseline itself
};

struct compared_endpoint {
    std::string label;
    std::vector<compared_metric> metrics;  // as all_metrics()
};

struct comparison {
    std::string baseline;
    std::vector<compared_endpoint> endpoints;  // in the order of their first turn

    [[nodiscard]] const compared_endpoint* find(std::string_view label) const;
};

// Of the runs that belong to a round. Where a label ran twice in a round, its last run counts.
[[nodiscard]] comparison compare_runs(std::span<const measured_run> runs,
                                      std::string_view baseline);

// What a ratio says once its spread is taken into account.
enum class verdict : std::uint8_t { better, worse, noise };

// Ratios are noise until the notch around their median leaves 1 out: the median +- 1.57 IQR/sqrt(n)
// (McGill, Tukey, Larsen 1978, "Variations of Box Plots"), and until the median is `least_gain` away from 1.
// Fewer than three rounds are always noise.
[[nodiscard]] verdict judge(const spread& ratio, preferred better, double least_gain = 0.01);

[[nodiscard]] std::string_view word_of(verdict v);

}  // namespace lode::bench
