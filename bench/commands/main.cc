// The command `lode-bench`: reads its arguments and hands over to commands.h.

#include <array>

#include <CLI/CLI.hpp>

#include "bench/commands/commands.h"
#include "bench/commands/interruption.h"

namespace {

constexpr int wrong_arguments = 2;

}  // namespace

int main(int argc, char** argv) {
    namespace bench = lode::bench;
    CLI::App app("Loads an S3 endpoint, and says what it can do.", "lode-bench");
    app.require_subcommand(1);
    app.set_version_flag("--version", LODE_VERSION);
    const std::array commands{bench::add_get(app),     bench::add_put(app),
                              bench::add_mixed(app),   bench::add_overload(app),
                              bench::add_compare(app), bench::add_tune(app),
                              bench::add_show(app),    bench::add_prepare(app)};
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : wrong_arguments;
    }
    bench::heed_interruptions();
    for (const bench::command& each : commands) {
        if (each.app->parsed()) return each.run();
    }
    return wrong_arguments;
}
