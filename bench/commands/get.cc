// `lode-bench get`: one run of reading.
#include <memory>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/report_options.h"

namespace lode::bench {

command add_get(CLI::App& app) {
    auto* made = app.add_subcommand("get", "Read objects, ranges of them, or their parts.");
    const auto given = std::make_shared<load_arguments>();
    add_load_options(*made, *given);
    add_report_options(*made, given->files);
    return {.app = made, .run = [given] { return run_command(*given, action::get); }};
}

}  // namespace lode::bench
