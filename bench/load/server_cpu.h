// bench/load/server_cpu.h
//
// How much CPU time a server has used since it began: from /proc where it runs on this machine, else from
// `process_cpu_seconds_total` of its metrics, as lode's admin port and most exporters name it.
//
//   Core     The conductor's thread: blocks.
//   Errors   One sentence.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "bench/load/load_options.h"

namespace lode::bench {

// Seconds of all its processes together; nothing where the target names neither.
[[nodiscard]] std::expected<std::optional<double>, std::string> server_cpu_seconds(
    const target_options& target);

// The value of a line "NAME VALUE" of Prometheus' text format.
[[nodiscard]] std::optional<double> metric_value(std::string_view text, std::string_view name);

// User and system time out of the text of /proc/PID/stat, in clock ticks.
[[nodiscard]] std::optional<double> ticks_of_stat(std::string_view text);

}  // namespace lode::bench
