#include "bench/report/charts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "bench/report/comparison.h"
#include "bench/report/headline.h"
#include "bench/report/metric.h"
#include "bench/report/number_text.h"
#include "bench/report/svg_chart.h"

namespace lode::bench {
namespace {

constexpr double small_body = 32768;  // below, requests a second say more than bytes
constexpr std::size_t timelines_max = 64;

double in_seconds(duration time) { return std::chrono::duration<double>(time).count(); }

std::string shown(duration time) { return time_text(time, greek_micro); }

unsigned colour_of(const std::vector<std::string>& labels, const std::string& label) {
    return static_cast<unsigned>(std::ranges::find(labels, label) - labels.begin());
}

std::string round_text(const measured_run& run) {
    return run.round == 0 ? run.seen.label : fmt::format("{}, round {}", run.seen.label, run.round);
}

// The least and the most of what lines show on one axis.
struct bounds {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;

    void take(double value) {
        if (value <= 0) return;
        least = std::min(least, value);
        most = std::max(most, value);
    }
    [[nodiscard]] axis as_axis(scale how, tick_text text) const {
        return make_axis(how, std::isfinite(least) ? least : 1, most, text);
    }
    // Whole decades look best under latencies, unless they leave most of the picture empty.
    [[nodiscard]] axis as_latencies() const {
        return make_axis(scale::decades, std::isfinite(least) ? least / 1.15 : 1, most * 1.15,
                         time_tick);
    }
};

bounds bounds_of(const std::vector<chart_line>& lines, double chart_point::* which) {
    bounds out;
    for (const chart_line& line : lines) {
        for (const chart_point& point : line.points) out.take(point.*which);
    }
    return out;
}

using grouped_runs = std::map<std::string, std::vector<const measured_run*>>;

grouped_runs by_label(const report& of) {
    grouped_runs out;
    for (const measured_run& run : of.runs) out[run.seen.label].push_back(&run);
    return out;
}

// Of several rounds the one in the middle stands for all.
const measured_run* middle_of(std::vector<const measured_run*> runs) {
    std::ranges::sort(runs, {},
                      [](const measured_run* run) { return run->seen.requests_per_second(); });
    return runs[(runs.size() - 1) / 2];
}

using row_value = double (*)(const timeline_row&);

double row_gigabytes(const timeline_row& row) {
    const double length = in_seconds(row.length);
    return length > 0 ? static_cast<double>((row.received + row.sent).count()) / 1e9 / length : 0;
}
double row_requests(const timeline_row& row) {
    const double length = in_seconds(row.length);
    return length > 0 ? static_cast<double>(row.requests) / length : 0;
}
double row_p99(const timeline_row& row) { return in_seconds(row.p99); }

std::string row_says(const measured_run& run, const timeline_row& row) {
    std::string out =
        fmt::format("{}, second {:.0f}: {} requests/s, {} GB/s, p50 {}, p99 {}", round_text(run),
                    in_seconds(row.begin) + 1, figure_text(row_requests(row)),
                    figure_text(row_gigabytes(row)), shown(row.p50), shown(row.p99));
    if (row.errors > 0) out += fmt::format(", {} errors", count_text(row.errors));
    return out;
}

chart_line timeline_of(const measured_run& run, unsigned colour, chart_line::weight weight,
                       row_value value) {
    chart_line line{.label = run.seen.label, .colour = colour, .drawn = weight, .points = {}};
    for (const timeline_row& row : run.seen.timeline) {
        const double middle = in_seconds(row.begin) + in_seconds(row.length) / 2;
        const bool strong = weight == chart_line::weight::strong;
        line.points.push_back({middle, value(row), strong ? row_says(run, row) : std::string()});
    }
    return line;
}

std::vector<chart_line> timelines(const report& of, row_value value) {
    const auto labels = labels_of(of);
    std::vector<chart_line> lines;
    for (const auto& [label, runs] : by_label(of)) {
        const measured_run* middle = middle_of(runs);
        const unsigned colour = colour_of(labels, label);
        for (const measured_run* run : runs) {
            if (run == middle || lines.size() >= timelines_max) continue;
            lines.push_back(timeline_of(*run, colour, chart_line::weight::faint, value));
        }
        lines.push_back(timeline_of(*middle, colour, chart_line::weight::strong, value));
    }
    return lines;
}

bool has_timeline(const report& of) {
    return std::ranges::any_of(of.runs,
                               [](const auto& run) { return run.seen.timeline.size() > 1; });
}

chart_row draw_over_time(const report& of) {
    std::uint64_t requests = 0;
    bytes moved{};
    for (const auto& [round, run] : of.runs) {
        requests += run.requests;
        moved += run.received + run.sent;
    }
    const bool small =
        static_cast<double>(moved.count()) < small_body * static_cast<double>(requests);
    const auto make = [&](std::string title, row_value value) {
        line_chart chart{.title = std::move(title),
                         .x_title = "seconds",
                         .x = {},
                         .y = {},
                         .lines = timelines(of, value)};
        chart.x = bounds_of(chart.lines, &chart_point::x).as_axis(scale::linear, plain_tick);
        return chart;
    };
    line_chart rate = make(small ? "Requests a second, over time" : "GB/s over time",
                           small ? row_requests : row_gigabytes);
    rate.y = bounds_of(rate.lines, &chart_point::y).as_axis(scale::linear, plain_tick);
    line_chart p99 = make("p99 of each second", row_p99);
    p99.y = bounds_of(p99.lines, &chart_point::y).as_latencies();
    return {draw_lines(rate), draw_lines(p99)};
}

struct rank {
    double share;
    const char* name;
    duration latency_summary::* of;
};

constexpr std::array ranks{
    rank{0.5, "50", &latency_summary::p50}, rank{0.9, "90", &latency_summary::p90},
    rank{0.99, "99", &latency_summary::p99}, rank{0.999, "99.9", &latency_summary::p99_9},
    rank{0.9999, "99.99", &latency_summary::p99_99}};

// A percentile that fewer samples support than lie above it would be the slowest request under another name.
bool is_known(const latency_summary& of, const rank& at) {
    return static_cast<double>(of.count) * (1 - at.share) >= 0.999;
}

std::vector<chart_line> percentiles(const report& of, latency_summary run_result::* which) {
    const auto labels = labels_of(of);
    std::vector<chart_line> lines;
    for (const auto& [label, runs] : by_label(of)) {
        chart_line line{.label = label,
                        .colour = colour_of(labels, label),
                        .with = chart_line::marks::dots,
                        .points = {}};
        for (const rank& at : ranks) {
            std::vector<double> values;
            for (const measured_run* run : runs) {
                const latency_summary& summary = run->seen.*which;
                if (is_known(summary, at)) values.push_back(in_seconds(summary.*at.of));
            }
            if (values.empty()) continue;
            const spread all = spread_of(std::move(values));
            const auto text = [](double v) { return find_metric("p50")->text(v, greek_micro); };
            std::string says = fmt::format("{}: {} % within {}", label, at.name, text(all.median));
            if (all.count > 1) {
                says += fmt::format(" (median of {} runs, {} to {})", all.count, text(all.least),
                                    text(all.most));
            }
            line.points.push_back({nines(at.share), all.median, std::move(says)});
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

axis percentile_axis(const std::vector<chart_line>& lines) {
    const double most = bounds_of(lines, &chart_point::x).most;
    axis out{
        .how = scale::linear, .least = nines(0.5), .most = std::max(most, nines(0.9)), .ticks = {}};
    for (const rank& at : ranks) {
        if (nines(at.share) <= out.most + 1e-9) out.ticks.push_back({nines(at.share), at.name});
    }
    return out;
}

// Side by side on the same axes, so that what the body adds to the first byte can be seen.
chart_row draw_percentiles(const report& of) {
    std::vector<chart_line> first = percentiles(of, &run_result::first_byte);
    std::vector<chart_line> whole = percentiles(of, &run_result::whole);
    std::vector<chart_line> both = first;
    both.insert(both.end(), whole.begin(), whole.end());
    const axis y = bounds_of(both, &chart_point::y).as_latencies();
    const axis x = percentile_axis(both);
    const auto draw = [&](const char* title, std::vector<chart_line> lines) {
        return draw_lines(
            {.title = title, .x_title = "percentile", .x = x, .y = y, .lines = std::move(lines)});
    };
    return {draw("Time to the first byte", std::move(first)),
            draw("Time to the last byte", std::move(whole))};
}

using run_value = std::optional<double> (*)(const run_result&);

std::optional<double> failed_percent(const run_result& run) {
    const auto all = static_cast<double>(errors_of(run) + run.requests);
    return all > 0 ? std::optional(100.0 * static_cast<double>(errors_of(run)) / all)
                   : std::nullopt;
}

// Over the number of requests at once; of several runs of one step the median.
std::vector<chart_line> ladder_lines(const report& of, run_value value) {
    const auto labels = labels_of(of);
    std::vector<chart_line> lines;
    for (const auto& [label, runs] : by_label(of)) {
        std::map<unsigned, std::vector<double>> steps;
        for (const measured_run* run : runs) {
            if (const auto v = value(run->seen)) steps[run->seen.in_flight].push_back(*v);
        }
        chart_line line{.label = label,
                        .colour = colour_of(labels, label),
                        .with = chart_line::marks::dots,
                        .points = {}};
        for (auto& [at_once, values] : steps) {
            line.points.push_back(
                {static_cast<double>(at_once), spread_of(std::move(values)).median, {}});
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

chart_row draw_ladder(const report& of) {
    chart_row out;
    const auto draw = [&](std::string title, run_value value, scale how,
                          std::string (*text)(double)) {
        line_chart chart{.title = std::move(title),
                         .x_title = "requests at once",
                         .x = {},
                         .y = {},
                         .lines = ladder_lines(of, value)};
        for (chart_line& line : chart.lines) {
            for (chart_point& point : line.points) {
                point.says = fmt::format("{}, {} at once: {}", line.label, point.x, text(point.y));
            }
        }
        chart.x = bounds_of(chart.lines, &chart_point::x).as_axis(scale::doublings, plain_tick);
        const bounds y = bounds_of(chart.lines, &chart_point::y);
        chart.y = how == scale::linear ? y.as_axis(how, plain_tick) : y.as_latencies();
        out.push_back(draw_lines(chart));
    };
    const auto time = [](double v) { return find_metric("p99")->text(v, greek_micro); };
    draw("Requests a second", find_metric("requests_per_second")->of, scale::linear, figure_text);
    draw("p99", find_metric("p99")->of, scale::decades, time);
    const auto failed = [](const auto& run) { return errors_of(run.seen) > 0; };
    if (std::ranges::any_of(of.runs, failed)) {
        draw("Requests that failed, %", failed_percent, scale::linear, figure_text);
    }
    return out;
}

chart_row draw_comparison(const report& of, const comparison& all) {
    const auto labels = labels_of(of);
    std::vector<bar_group> groups;
    for (std::size_t i = 0; i < all_metrics().size(); ++i) {
        const metric& what = all_metrics()[i];
        bar_group group{.title = fmt::format("{}", what.title), .bars = {}};
        for (const compared_endpoint& endpoint : all.endpoints) {
            const auto& ratio = endpoint.metrics[i].ratio;
            if (!ratio) continue;
            const verdict v = judge(*ratio, what.better);
            group.bars.push_back(
                {.label = endpoint.label,
                 .colour = colour_of(labels, endpoint.label),
                 .median = ratio->median,
                 .least = ratio->least,
                 .most = ratio->most,
                 .text = fmt::format("{:.2f}x {}", ratio->median, word_of(v)),
                 .says = fmt::format("{}, {}: {:.3f} times {}, {:.3f} to {:.3f} in {} rounds",
                                     endpoint.label, what.title, ratio->median, all.baseline,
                                     ratio->least, ratio->most, ratio->count),
                 .noise = v == verdict::noise});
        }
        if (!group.bars.empty()) groups.push_back(std::move(group));
    }
    if (groups.empty()) return {};
    return {draw_ratios(fmt::format("Ratios to {}", all.baseline), groups)};
}

}  // namespace

double nines(double share) { return -std::log10(1 - share); }

std::vector<chart_row> draw_charts(const report& of) {
    std::vector<chart_row> rows;
    if (of.runs.empty()) return rows;
    if (!of.baseline.empty())
        rows.push_back(draw_comparison(of, compare_runs(of.runs, of.baseline)));
    if (is_ladder(of)) {
        rows.push_back(draw_ladder(of));
    } else {
        if (has_timeline(of)) rows.push_back(draw_over_time(of));
        rows.push_back(draw_percentiles(of));
    }
    std::erase_if(rows, [](const chart_row& row) { return row.empty(); });
    return rows;
}

}  // namespace lode::bench
