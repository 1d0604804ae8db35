// bench/report/report.h
//
// What a table, a JSON file or a page is made of: the runs, and where and how they were made. Complete: it
// can be written to a file, read again elsewhere and shown there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/run_result.h"

namespace lode::bench {

struct host_facts {
    std::string name;
    std::string kernel;  // "Linux 6.18.5 x86_64"
    std::string cpu;     // "AMD EPYC 9354 32-Core Processor"
    std::uint32_t cpus = 0;
    bytes memory{};
};

// The host that this process runs on. Blocks; what cannot be read stays empty.
[[nodiscard]] host_facts this_host();

struct measured_run {
    // Runs of one round were made side by side and may be set in relation to each other; 0: of none.
    std::uint32_t round = 0;
    run_result seen;
};

struct report {
    std::string title;       // "compare", "overload"
    std::string written_by;  // "lode-bench 0.1.0"
    std::string time;        // when the first run began: "2026-11-23T21:05:07Z"
    std::vector<std::string> command;
    host_facts host;
    std::string baseline;  // a label that the others are set in relation to; empty: none
    std::vector<measured_run> runs;
    std::vector<std::string> remarks;  // sentences that belong to the figures
};

inline constexpr std::size_t report_runs_max = 100'000;

// A report of what this process, by its own command line, measures on this host from now on. Blocks.
[[nodiscard]] report begin_report(std::string title);

// A shell's words: those with blanks or signs in quotes.
[[nodiscard]] std::string command_text(const std::vector<std::string>& command);

}  // namespace lode::bench
