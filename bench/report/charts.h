// bench/report/charts.h
//
// Which pictures a report has: of a few runs how they went over time and how their latencies are spread; of
// a ladder what each step brought; of a comparison the ratios. Each is an SVG; those of one row belong side
// by side and share their vertical axis where they show the same.
#pragma once

#include <string>
#include <vector>

#include "bench/report/report.h"

namespace lode::bench {

using chart_row = std::vector<std::string>;

[[nodiscard]] std::vector<chart_row> draw_charts(const report& of);

// Where a share of all requests stands on the axis of percentiles: its number of nines, so that 99 and 99.9
// are as far apart as 90 and 99 (Gil Tene's HdrHistogram plots them like that).
[[nodiscard]] double nines(double share);

}  // namespace lode::bench
