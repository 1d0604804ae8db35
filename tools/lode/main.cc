// The command `lode`: reads its arguments and hands over to commands.h and device_commands.h.

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/lode/commands.h"
#include "tools/lode/device_commands.h"
#include "tools/lode/quantity.h"
#include "tools/lode/warm.h"

namespace {

constexpr int wrong_arguments = 2;

struct arguments {
    std::string configuration = "/etc/lode.toml";
    std::string admin = "http://127.0.0.1:9002";
    std::string service;
    bool explain = false;
    bool verify = false;
    bool json = false;
    bool force = false;
    lode::tools::format_request format;
    lode::tools::locate_request locate;
    lode::tools::purge_request purge;
    lode::tools::warm_request warm;
    bool undo = false;
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

void add_device(CLI::App& command, arguments& into) {
    command.add_option("DEVICE", into.format.path, "A file or a block device.")->required();
}

void add_size(CLI::App& command, const std::string& name, lode::bytes& into,
              const std::string& meaning) {
    command
        .add_option_function<std::string>(
            name,
            [&into, name](const std::string& text) {
                const auto size = lode::tools::parse_size(text);
                if (!size || *size == lode::bytes(0)) {
                    throw CLI::ValidationError(name, "expects a size such as 100GiB");
                }
                into = *size;
            },
            meaning)
        ->type_name("SIZE");
}

CLI::App* add_inspect(CLI::App& app, arguments& into) {
    auto* inspect = app.add_subcommand(
        "inspect", "Print what a device holds, without changing it. A running lode may use it.");
    add_device(*inspect, into);
    inspect->add_flag(
        "--verify", into.verify,
        "Read every chunk and compare its checksum; leaves with 3 if any is damaged.");
    inspect->add_flag("--json", into.json, "Print JSON instead of a table.");
    return inspect;
}

CLI::App* add_locate(CLI::App& app, arguments& into) {
    auto* locate =
        app.add_subcommand("locate", "Print where a running lode has the bytes of an object.");
    locate->add_option("OBJECT", into.locate.object, "As s3://bucket/key.")->required();
    locate
        ->add_option("--wait", into.locate.wait,
                     "Wait so long while it is being filled; leaves with 1 if it still is.")
        ->type_name("SECONDS")
        ->check(CLI::Range(0, 86'400));
    locate->add_flag("--json", into.json, "Print JSON instead of a table.");
    add_admin(*locate, into);
    return locate;
}

CLI::App* add_purge(CLI::App& app, arguments& into) {
    auto* purge = app.add_subcommand(
        "purge", "Drop cached data: objects on all nodes, or the memory tier of a running lode.");
    purge->add_option("OBJECT", into.purge.object, "As s3://bucket/key; on every node.");
    purge->add_flag("--recursive", into.purge.recursive,
                    "Every object whose name begins like that.");
    purge->add_flag("--memory", into.purge.memory,
                    "Empty the memory tier of this node; devices keep theirs.");
    add_admin(*purge, into);
    return purge;
}

CLI::App* add_warm(CLI::App& app, arguments& into) {
    auto* warm = app.add_subcommand("warm", "Have a running lode bring in what is below a prefix.");
    warm->add_option("PREFIX", into.warm.prefix, "As s3://bucket/prefix.")->required();
    warm->add_option("--parallel", into.warm.parallel, "Objects at the same time.")
        ->type_name("N")
        ->check(CLI::Range(1U, lode::tools::warm_request::parallel_max))
        ->capture_default_str();
    warm->add_flag("--wait", into.warm.waits,
                   "Leave when everything is there; else when everything has been asked for.");
    warm->add_option(
            "--resume", into.warm.resume,
            "Keep the names of what is there in this file, and pass over those that are in "
            "it already; waits.")
        ->type_name("FILE");
    add_admin(*warm, into);
    return warm;
}

CLI::App* add_drain(CLI::App& app, arguments& into) {
    auto* drain = app.add_subcommand(
        "drain", "Let a running lode leave: balancers and other nodes turn to others.");
    drain->add_flag("--undo", into.undo, "It stays.");
    add_admin(*drain, into);
    return drain;
}

CLI::App* add_format(CLI::App& app, arguments& into) {
    auto* format = app.add_subcommand(
        "format", "Make an empty cache of a file or a block device that nobody uses.");
    add_device(*format, into);
    add_size(*format, "--size", into.format.size,
             "How large a file is to be, or how much of a block device is used; default: all.");
    format->add_option("--node", into.format.node, "Whose cache it is to be; default: any node's.")
        ->type_name("NAME");
    add_size(*format, "--slab-size", into.format.slab_size,
             "A power of two from 1MiB to 16MiB; default: by the size of the device.");
    format
        ->add_option("--shards", into.format.shards,
                     "A power of two up to 64; default: by the size of the device.")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 64));
    format->add_flag("--force", into.force, "Even if the device is not empty: all is lost.");
    return format;
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
    auto* locate = add_locate(app, given);
    auto* warm = add_warm(app, given);
    auto* purge = add_purge(app, given);
    auto* drain = add_drain(app, given);
    auto* device = app.add_subcommand(
        "device", "Take a device of a running lode out of service, or take it back in.");
    device->add_option("out|in", given.service, "What is to become of it.")
        ->required()
        ->check(CLI::IsMember({"out", "in"}));
    add_device(*device, given);
    add_admin(*device, given);
    auto* inspect = add_inspect(app, given);
    auto* format = add_format(app, given);
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
    if (*locate) {
        given.locate.whom = given.json ? written_for::programs : written_for::people;
        return run_locate(given.admin, given.locate);
    }
    if (*warm) return run_warm(given.admin, given.warm);
    if (*purge) return run_purge(given.admin, given.purge);
    if (*drain) return run_drain(given.admin, given.undo ? leaving::no : leaving::yes);
    if (*device) {
        return run_device(given.admin, given.format.path,
                          given.service == "out" ? service::out : service::in);
    }
    if (*inspect) {
        return run_inspect(given.format.path, given.verify ? verified::yes : verified::no,
                           given.json ? written_for::programs : written_for::people);
    }
    if (*format) {
        given.format.what = given.force ? lode::engine::overwriting::everything
                                        : lode::engine::overwriting::nothing;
        return run_format(given.format);
    }
    if (*help_config) return run_help_config();
    return *example ? run_example_config() : wrong_arguments;
}
