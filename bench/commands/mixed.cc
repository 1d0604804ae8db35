// `lode-bench mixed`: one run of both.
#include <memory>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/report_options.h"

namespace lode::bench {

command add_mixed(CLI::App& app) {
    auto* made = app.add_subcommand("mixed", "Read and write: --put-share says how many of each.");
    const auto given = std::make_shared<load_arguments>();
    add_load_options(*made, *given);
    add_report_options(*made, given->files);
    return {.app = made, .run = [given] { return run_command(*given, action::mixed); }};
}

}  // namespace lode::bench
