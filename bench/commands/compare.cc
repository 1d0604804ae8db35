// `lode-bench compare`: several endpoints under the same load, in turn.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/interruption.h"
#include "bench/commands/report_options.h"
#include "bench/report/compared_target.h"
#include "bench/report/headline.h"
#include "bench/report/table.h"
#include "tools/lode/credentials.h"

namespace lode::bench {
namespace {

struct compare_arguments {
    load_arguments load;
    std::vector<std::string> targets;
    std::string baseline;
    std::string operation = "get";
    std::uint32_t rounds = 7;
};

constexpr std::uint32_t rounds_least = 3;
constexpr std::uint32_t rounds_most = 1000;
constexpr std::size_t targets_max = 16;

action action_called(const std::string& word) {
    if (word == "put") return action::put;
    return word == "mixed" ? action::mixed : action::get;
}

std::expected<void, std::string> identify(const compared_target& target, load_options& o) {
    using enum compared_target::identity;
    if (target.who == as_others) return {};
    if (target.who == anonymous) {
        o.target.who.reset();
        return {};
    }
    frontend::origin_settings where;
    where.credentials = target.credentials;
    auto found = tools::find_credentials(where, tools::process_environment());
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::unexpected(target.label + ": the environment names no key.");
    o.target.who = std::move(**found);
    return {};
}

std::expected<load_options, std::string> load_against(const compared_target& target,
                                                      load_options o) {
    auto at = frontend::http::endpoint::parse(target.url);
    if (!at) return std::unexpected(fmt::format("{}: {} is no URL.", target.label, target.url));
    o.target.at = std::move(*at);
    o.target.label = target.label;
    o.target.server_pids = target.pids;
    o.target.server_metrics = target.metrics;
    if (!target.region.empty()) o.target.region = target.region;
    if (auto known = identify(target, o); !known) return std::unexpected(known.error());
    return o;
}

std::expected<std::vector<load_options>, std::string> loads_of(const compare_arguments& given) {
    const auto common = load_of(given.load, action_called(given.operation));
    if (!common) return std::unexpected(common.error());
    std::vector<load_options> loads;
    for (const std::string& text : given.targets) {
        const auto target = parse_target(text);
        if (!target) return std::unexpected(target.error());
        auto load = load_against(*target, *common);
        if (!load) return std::unexpected(load.error());
        for (const load_options& other : loads) {
            if (other.target.label == load->target.label) {
                return std::unexpected(target->label + ": two endpoints have this name.");
            }
        }
        loads.push_back(std::move(*load));
    }
    return loads;
}

std::expected<void, std::string> make_ready(const compare_arguments& given,
                                            const std::vector<load_options>& loads) {
    for (const load_options& load : loads) {
        if (auto ready = prepare_data(given.load, load); !ready) return ready;
        if (auto warm = warm_cache(load); !warm) return warm;
    }
    return {};
}

// A round that was interrupted is left out: not everybody had a turn in it.
int run_rounds(const std::vector<load_options>& loads, std::uint32_t rounds, report& into) {
    int code = 0;
    for (std::uint32_t round = 1; round <= rounds && !interrupted(); ++round) {
        std::vector<measured_run> runs;
        for (const std::size_t turn : turns_of_round(loads.size(), round)) {
            auto seen = run_with_progress(loads[turn]);
            if (!seen) return complain(seen.error());
            if (interrupted()) break;
            if (const auto objection = objection_to(*seen, loads[turn]))
                code = complain(*objection);
            runs.push_back({round, std::move(*seen)});
        }
        if (runs.size() == loads.size()) {
            into.runs.insert(into.runs.end(), runs.begin(), runs.end());
        }
    }
    return code;
}

int compare(const compare_arguments& given) {
    const auto loads = loads_of(given);
    if (!loads) return complain(loads.error());
    report seen = begin_report("compare");
    seen.baseline = given.baseline.empty() ? loads->front().target.label : given.baseline;
    const auto is_baseline = [&](const load_options& o) { return o.target.label == seen.baseline; };
    if (std::ranges::none_of(*loads, is_baseline)) {
        return complain(fmt::format("--baseline {}: no endpoint has this name.", seen.baseline));
    }
    if (auto ready = make_ready(given, *loads); !ready) return complain(ready.error());

    const int code = run_rounds(*loads, given.rounds, seen);
    if (seen.runs.empty()) return complain("No round was finished.");
    fmt::print("{}\n", print_report(seen));
    for (const std::string& said : headlines(seen)) fmt::print("{}\n", said);
    return finish_report(seen, given.load.files, code);
}

}  // namespace

command add_compare(CLI::App& app) {
    auto* made = app.add_subcommand(
        "compare", "Give several endpoints the same load in turn, and set them in relation.");
    const auto given = std::make_shared<compare_arguments>();
    made->add_option("ENDPOINTS", given->targets,
                     "NAME=URL[,pid=N+N][,metrics=URL][,region=NAME][,auth=anonymous|environment|"
                     "FILE]; the first is what the others are compared with.")
        ->required()
        ->expected(2, targets_max);
    made->add_option("--baseline", given->baseline,
                     "Another one that the others are compared with.")
        ->type_name("NAME");
    made->add_option("--operation", given->operation, "get, put or mixed.")
        ->capture_default_str()
        ->check(CLI::IsMember({"get", "put", "mixed"}));
    made->add_option("--rounds", given->rounds, "In how many rounds each endpoint has its turn.")
        ->type_name("COUNT")
        ->capture_default_str()
        ->check(CLI::Range(rounds_least, rounds_most));
    add_load_options(*made, given->load);
    add_report_options(*made, given->load.files);
    return {.app = made, .run = [given] { return compare(*given); }};
}

}  // namespace lode::bench
