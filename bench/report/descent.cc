#include "bench/report/descent.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace lode::bench {
namespace {

struct measured_value {
    std::string label;
    spread ratio;
};

std::vector<measured_value> ratios_of(const comparison& all, const metric& goal) {
    std::vector<measured_value> out;
    for (const compared_endpoint& endpoint : all.endpoints) {
        const auto found = std::ranges::find(endpoint.metrics, &goal, &compared_metric::what);
        if (found != endpoint.metrics.end() && found->ratio) {
            out.push_back({endpoint.label, *found->ratio});
        }
    }
    return out;
}

// How many times better, whichever way is better.
double gain(const measured_value& value, const metric& goal) {
    const double ratio = value.ratio.median;
    if (goal.better == preferred::more) return ratio;
    return ratio > 0 ? 1 / ratio : 0;
}

std::string figures(const measured_value& value, const metric& goal) {
    const spread& ratio = value.ratio;
    return fmt::format("{:.2f}x the {}, {:.2f} to {:.2f} in {} rounds", ratio.median, goal.title,
                       ratio.least, ratio.most, ratio.count);
}

}  // namespace

descent_step judge_step(std::string_view key, std::span<const measured_run> runs,
                        const metric& goal) {
    const std::vector<measured_value> values = ratios_of(compare_runs(runs, incumbent), goal);
    if (values.empty()) return {{}, fmt::format("{}: no value could be measured.", key)};

    // A lucky median with a wide spread does not hide a value that is surely better.
    const measured_value* sure = nullptr;
    for (const measured_value& value : values) {
        if (judge(value.ratio, goal.better) != verdict::better) continue;
        if (sure == nullptr || gain(value, goal) > gain(*sure, goal)) sure = &value;
    }
    if (sure != nullptr) {
        return {sure->label, fmt::format("{}: {}: kept.", sure->label, figures(*sure, goal))};
    }
    const auto best =
        std::ranges::max_element(values, {}, [&](const auto& value) { return gain(value, goal); });
    const bool worse = judge(best->ratio, goal.better) == verdict::worse;
    return {{},
            fmt::format(
                "{}: stays; {} ({}: {}).", key,
                worse ? "every other value is worse" : "nothing is better by more than the noise",
                best->label, figures(*best, goal))};
}

}  // namespace lode::bench
