// bench/report/json.h
//
// A report as JSON and back, without loss: times are whole nanoseconds (`..._ns`), lengths bytes
// (`..._bytes`), CPU time seconds (`..._s`), and rates a second stand beside what they follow from. README.md
// lists every field. What follows from other fields is written for readers and never read back.
//
//   Errors   One sentence: what is no JSON, is of another schema, or lacks a field, and which.
//   Limits   A file of 1 GiB, report_runs_max runs. Unknown fields are passed over.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "bench/report/report.h"

namespace lode::bench {

inline constexpr std::uint64_t report_schema = 1;
inline constexpr bytes report_file_max{std::uint64_t{1} << 30U};

// Ends with a line's end. What is no UTF-8 is replaced.
[[nodiscard]] std::string print_json(const report& of);

[[nodiscard]] std::expected<report, std::string> read_json(std::string_view text);

}  // namespace lode::bench
