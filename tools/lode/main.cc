// The command `lode`: reads its arguments and hands over to commands.h.

#include <string>

#include <CLI/CLI.hpp>

#include "tools/lode/commands.h"

namespace {

constexpr int wrong_arguments = 2;

struct arguments {
    std::string configuration = "/etc/lode.toml";
    std::string admin = "http://127.0.0.1:9002";
    bool memory = false;
    bool explain = false;
};

void add_configuration(CLI::App& command, arguments& into) {
    command.add_option("--config", into.configuration, "The configuration file.")
        ->type_name("FILE")
        ->capture_default_str();
}

void add_admin(CLI::App& command, arguments& into) {
    command.add_option("--admin", into.admin, "The admin port of the running lode.")
        ->type_name("URL")
        ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace lode::tools;
    arguments given;

    CLI::App app("lode is a local S3 endpoint that keeps what was read on this node.", "lode");
    app.set_version_flag("--version", "lode " LODE_VERSION, "Print the version and leave.");
    app.set_help_flag("--help,-h", "Print this help and leave.");
    app.require_subcommand(1);

    auto* serve = app.add_subcommand("serve", "Serve until SIGTERM.");
    add_configuration(*serve, given);
    auto* check = app.add_subcommand("check", "Say what keeps lode from serving on this host.");
    add_configuration(*check, given);
    check->add_flag("--explain", given.explain, "Print every setting with its meaning instead.");
    auto* status = app.add_subcommand("status", "Print what a running lode has done.");
    add_admin(*status, given);
    auto* purge = app.add_subcommand("purge", "Drop cached data of a running lode.");
    add_admin(*purge, given);
    purge->add_flag("--memory", given.memory, "Empty the memory tier; devices keep theirs.");
    auto* help_config = app.add_subcommand("help-config", "Print every setting with its meaning.");
    auto* example = app.add_subcommand("example-config", "Print a configuration to start from.");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : wrong_arguments;
    }

    if (*serve) return run_serve(given.configuration);
    if (*check) return given.explain ? run_help_config() : run_check(given.configuration);
    if (*status) return run_status(given.admin);
    if (*purge) return run_purge(given.admin, given.memory ? purged::memory : purged::nothing);
    if (*help_config) return run_help_config();
    return *example ? run_example_config() : wrong_arguments;
}
