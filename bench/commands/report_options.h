// bench/commands/report_options.h
//
// --json and --html, which every command that measures takes, and what a command does with its report when
// it is done.
#pragma once

#include <CLI/CLI.hpp>

#include "bench/report/report.h"
#include "bench/report/report_files.h"

namespace lode::bench {

// `into` must live until the command line has been parsed.
void add_report_options(CLI::App& command, report_files& into);

// Writes the files; complains, and returns 1, where that fails, else `code`.
[[nodiscard]] int finish_report(const report& of, const report_files& to, int code);

}  // namespace lode::bench
