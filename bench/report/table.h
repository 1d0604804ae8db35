// bench/report/table.h
//
// Runs as a table for a terminal of 100 columns: what came through and how long it took, the first byte and
// the CPU time, and where the bytes came from. Rates are in GB/s: 10^9 bytes of bodies.
#pragma once

#include <span>
#include <string>

#include "bench/report/comparison.h"
#include "bench/report/report.h"

namespace lode::bench {

inline constexpr std::size_t table_columns = 100;

[[nodiscard]] std::string print_runs(std::span<const measured_run> runs);

// Medians, their spread, and ratios to the baseline with a verdict on each: of all metrics, or of one.
[[nodiscard]] std::string print_comparison(const comparison& of, const metric* only = nullptr);

// Both as far as there is something to say: the comparison in place of its rounds.
[[nodiscard]] std::string print_report(const report& of);

}  // namespace lode::bench
