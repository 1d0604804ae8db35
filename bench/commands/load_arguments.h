// bench/commands/load_arguments.h
//
// What every command that makes a load takes from its command line, and the load that comes of it: the
// defaults, then the preset, then what was said.
//
//   Errors   One sentence for the person at the terminal.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "bench/load/load_options.h"
#include "bench/report/report_files.h"

namespace lode::bench {

struct load_arguments {
    std::string preset;
    std::vector<std::pair<std::string, std::string>> given;  // option and value, in their order
    std::string credentials;                                 // a file; empty: the environment
    bool anonymous = false;
    bool no_prepare = false;
    report_files files;
};

// `into` must live until the command line has been parsed.
void add_load_options(CLI::App& command, load_arguments& into);

[[nodiscard]] std::expected<load_options, std::string> load_of(const load_arguments& given,
                                                               action what);

}  // namespace lode::bench
