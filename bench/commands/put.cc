// `lode-bench put`: one run of writing.
#include <memory>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/report_options.h"

namespace lode::bench {

command add_put(CLI::App& app) {
    auto* made = app.add_subcommand("put", "Write objects, over and over the same keys.");
    const auto given = std::make_shared<load_arguments>();
    add_load_options(*made, *given);
    add_report_options(*made, given->files);
    return {.app = made, .run = [given] { return run_command(*given, action::put); }};
}

}  // namespace lode::bench
