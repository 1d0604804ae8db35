#include "tools/lode/commands.h"

#include <array>
#include <cstdio>
#include <expected>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/log.h"
#include "frontend/s3/percent.h"
#include "tools/lode/admin_client.h"
#include "tools/lode/complaint.h"
#include "tools/lode/configuration.h"
#include "tools/lode/host_check.h"
#include "tools/lode/serve.h"
#include "tools/lode/settings_text.h"
#include "tools/lode/status.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "lode";
    const std::string_view found(name.data());
    return is_node_name(found) && !found.empty() ? std::string(found) : "lode";
}

log::level level_of(std::string_view word) {
    if (word == "debug") return log::level::debug;
    if (word == "info") return log::level::info;
    return word == "warning" ? log::level::warning : log::level::failure;
}

// A 200 or a complaint.
std::expected<std::string, std::string> ask(const std::string& admin_url, std::string_view method,
                                            std::string_view target) {
    auto answer = ask_admin(admin_url, method, target);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) {
        return std::unexpected(
            fmt::format("{} answered {} to {} {}.", admin_url, answer->status, method, target));
    }
    return std::move(answer->body);
}

}  // namespace

int run_serve(const std::string& configuration_path) {
    configuration read = load_configuration(configuration_path);
    if (!read.problems.empty()) {
        fmt::print(stderr, "{}", print_problems(read.problems, configuration_path));
        return 1;
    }
    frontend::settings& s = read.settings;
    if (s.node.name.empty()) s.node.name = host_name();
    log::set_level(level_of(s.log.level));
    for (const auto& sentence : describe_unused(s)) log::warning("{}", sentence);

    const auto host = this_host();
    const auto findings = check_host(s, process_environment(), *host, origin_probe::skip);
    for (const finding& f : findings) {
        if (f.how == severity::warning) log::warning("{} {}", f.sentence, f.remedy);
        if (f.how == severity::fatal) log::failure("{} {}", f.sentence, f.remedy);
    }
    if (worst_of(findings) == severity::fatal) return 1;

    raise_descriptor_limit(s, *host);
    const auto identity = find_credentials(s.origin, process_environment());
    if (!identity) return complain(identity.error());
    return serve(s, *identity);
}

int run_check(const std::string& configuration_path) {
    configuration read = load_configuration(configuration_path);
    if (!read.problems.empty()) {
        fmt::print(stderr, "{}", print_problems(read.problems, configuration_path));
        return 1;
    }
    if (read.settings.node.name.empty()) read.settings.node.name = host_name();
    std::vector<finding> findings{
        {severity::fine, fmt::format("The configuration {} is valid.", configuration_path), {}}};
    for (auto& sentence : describe_unused(read.settings)) {
        findings.push_back({severity::warning, std::move(sentence), {}});
    }
    const auto host = this_host();
    for (auto& f : check_host(read.settings, process_environment(), *host, origin_probe::connect)) {
        findings.push_back(std::move(f));
    }
    for (const finding& f : findings) fmt::print("{}", print_finding(f));
    const bool fatal = worst_of(findings) == severity::fatal;
    fmt::print("{}\n", fatal ? "lode cannot serve like this." : "lode can serve.");
    return fatal ? 1 : 0;
}

int run_status(const std::string& admin_url) {
    const auto page = ask(admin_url, "GET", "/metrics");
    if (!page) return complain(page.error());
    const auto found = parse_metrics(*page);
    if (!found) return complain(found.error());
    fmt::print("{}", print_status(*found));
    const auto ready = ask_admin(admin_url, "GET", "/readyz");
    if (ready && ready->body == "draining\n") {
        fmt::print("  draining      it leaves soon; `lode drain --undo` takes it back\n");
    }
    if (!has_cluster(*found)) return 0;
    const auto members = ask(admin_url, "GET", "/cluster");
    if (!members) return complain(members.error());
    fmt::print("\n{}", *members);
    return 0;
}

int run_drain(const std::string& admin_url, leaving wanted) {
    const bool leaves = wanted == leaving::yes;
    const auto done = ask(admin_url, "POST", leaves ? "/drain" : "/drain?undo");
    if (!done) return complain(done.error());
    fmt::print("{}\n",
               leaves ? "lode is draining: /readyz says so, and the other nodes ask it last. End "
                        "it with SIGTERM when its clients have left; `lode drain --undo` "
                        "takes it back."
                      : "lode is in service again.");
    return 0;
}

int run_device(const std::string& admin_url, const std::string& path, service wanted) {
    std::string target = "/device?path=";
    frontend::s3::percent_encode(path, frontend::s3::slash::encode, target);
    target += wanted == service::out ? "&state=out" : "&state=in";
    const auto answer = ask_admin(admin_url, "POST", target);
    if (!answer) return complain(answer.error());
    if (answer->status != 200) {
        return complain(first_line(answer->body));
    }
    fmt::print("{}\n", wanted == service::out
                           ? fmt::format("{} is out of service; what it held is read from the "
                                         "origin until it is back.",
                                         path)
                           : fmt::format("{} is in service again.", path));
    return 0;
}

int run_help_config() {
    fmt::print("{}", print_manual());
    return 0;
}

int run_example_config() {
    fmt::print("{}", print_example());
    return 0;
}

}  // namespace lode::tools
