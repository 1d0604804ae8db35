// bench/commands/conversation.h
//
// What commands say at the terminal, and the steps that several of them share. Results go to standard
// output; progress, where that is a terminal, and complaints to standard error.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "bench/commands/load_arguments.h"
#include "bench/load/load_options.h"
#include "bench/load/run_result.h"

namespace lode::bench {

// 1, for the command to leave with.
int complain(std::string_view sentence);

// Uploads what is missing of the data set, unless the arguments say that nothing is.
[[nodiscard]] std::expected<void, std::string> prepare_data(const load_arguments& given,
                                                            const load_options& o);

// Reads every object once where the run expects to find them in a cache.
[[nodiscard]] std::expected<void, std::string> warm_cache(const load_options& o);

// One run, with a line of progress per second.
[[nodiscard]] std::expected<run_result, std::string> run_with_progress(const load_options& o);

void print_summary(const run_result& seen);

// What in a result is not as it should be: wrong bytes, another cache state than expected, no answer at all.
[[nodiscard]] std::optional<std::string> objection_to(const run_result& seen,
                                                      const load_options& o);

// All of it: the command of a single run.
[[nodiscard]] int run_command(const load_arguments& given, action what);

}  // namespace lode::bench
