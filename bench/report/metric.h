// bench/report/metric.h
//
// The figures of a run that reports set in relation to each other: what each is called, in which unit, and
// which way is better. Tables, pages and `tune` walk this one list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/run_result.h"

namespace lode::bench {

enum class preferred : std::uint8_t { more, less };

// How its value is written: a plain figure, or seconds.
enum class written : std::uint8_t { figure, time };

struct metric {
    std::string_view key;    // in JSON and on the command line: "requests_per_second"
    std::string_view title;  // for people: "requests/s"
    preferred better;
    written as;
    // Nothing where the run cannot tell: no request ended, no server's CPU time was known.
    std::optional<double> (*of)(const run_result&);

    [[nodiscard]] std::string text(double value, const char* micro) const;
};

[[nodiscard]] std::span<const metric> all_metrics();

// By key; null for no such.
[[nodiscard]] const metric* find_metric(std::string_view key);

// CPU-seconds per 10^9 bytes of bodies, and per request.
[[nodiscard]] std::optional<double> server_cpu_per_gb(const run_result& run);
[[nodiscard]] std::optional<double> server_cpu_per_request(const run_result& run);
[[nodiscard]] std::optional<double> client_cpu_per_request(const run_result& run);

[[nodiscard]] std::uint64_t errors_of(const run_result& run);

}  // namespace lode::bench
