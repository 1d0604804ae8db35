// `lode-bench prepare`: a data set, ahead of the runs that read it.
#include <memory>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"

namespace lode::bench {

command add_prepare(CLI::App& app) {
    auto* made = app.add_subcommand("prepare", "Upload what is missing of a load's objects.");
    const auto given = std::make_shared<load_arguments>();
    add_load_options(*made, *given);
    const auto run = [given] {
        const auto load = load_of(*given, action::get);
        if (!load) return complain(load.error());
        const auto done = prepare_data(*given, *load);
        return done ? 0 : complain(done.error());
    };
    return {.app = made, .run = run};
}

}  // namespace lode::bench
