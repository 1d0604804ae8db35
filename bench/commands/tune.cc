// `lode-bench tune`: one setting of lode after the other, in rounds.
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/interruption.h"
#include "bench/commands/report_options.h"
#include "bench/report/compared_target.h"
#include "bench/report/descent.h"
#include "bench/report/lode_process.h"
#include "bench/report/sweep.h"
#include "bench/report/table.h"
#include "tools/lode/configuration.h"

namespace lode::bench {
namespace {

struct tune_arguments {
    load_arguments load;
    std::string configuration;
    std::string binary;
    std::vector<std::string> sweeps;
    std::string goal = "requests_per_second";
    std::uint32_t rounds = 5;
};

constexpr std::uint32_t tune_rounds_least = 3;
constexpr std::uint32_t tune_rounds_most = 100;

// What is tried in one step: a label and the settings to start with.
struct candidate {
    std::string label;
    frontend::settings with;
};

// Beside this program, as both are built and installed.
std::string lode_beside_us() {
    std::error_code problem;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", problem);
    return problem ? "lode" : (own.parent_path() / "lode").string();
}

std::expected<frontend::settings, std::string> base_settings(const std::string& path) {
    tools::configuration read = tools::load_configuration(path);
    if (!read.problems.empty()) return std::unexpected(tools::print_problems(read.problems, path));
    if (read.settings.cluster.membership != frontend::membership_kind::none) {
        return std::unexpected(fmt::format(
            "{}: cluster.membership: a node is tuned alone; give a configuration with \"none\".",
            path));
    }
    return std::move(read.settings);
}

class tuning {
  public:
    tuning(const tune_arguments& given, load_options load, frontend::settings base)
        : given_(given),
          load_(std::move(load)),
          base_(std::move(base)),
          goal_(*find_metric(given.goal)),
          seen_(begin_report("tune")) {
        seen_.baseline = incumbent;
    }

    // Everything fits before the first server starts.
    std::expected<void, std::string> plan() {
        if (given_.sweeps.empty()) sweeps_ = usual_sweep(std::thread::hardware_concurrency());
        for (const std::string& text : given_.sweeps) {
            auto sweep = parse_sweep(text);
            if (!sweep) return std::unexpected(sweep.error());
            sweeps_.push_back(std::move(*sweep));
        }
        for (const swept_setting& sweep : sweeps_) {
            if (auto tried = candidates(sweep); !tried) return std::unexpected(tried.error());
        }
        return {};
    }

    std::expected<void, std::string> prepare() {
        auto server = lode_process::start(given_.binary, base_);
        if (!server) return std::unexpected(server.error());
        return prepare_data(given_.load, against(*server, incumbent));
    }

    std::expected<void, std::string> descend() {
        for (const swept_setting& sweep : sweeps_) {
            const auto tried = candidates(sweep);
            if (!tried) return std::unexpected(tried.error());
            if (tried->size() < 2) continue;
            const std::size_t before = seen_.runs.size();
            if (auto done = run_rounds(*tried); !done) return done;
            if (interrupted()) return {};
            const auto runs = std::span(seen_.runs).subspan(before);
            const descent_step step = judge_step(sweep.key, runs, goal_);
            say(step.said);
            if (step.kept) keep(sweep, *step.kept);
        }
        return {};
    }

    // Gains do not simply multiply: all that was kept is set beside the beginning once more.
    std::expected<void, std::string> confirm() {
        if (kept_.size() < 2 || interrupted()) return {};
        const auto tuned = with_values(base_, kept_);
        if (!tuned) return std::unexpected(tuned.error());
        const std::size_t before = seen_.runs.size();
        if (auto done =
                run_rounds({{std::string(incumbent), base_}, {"all that was kept", *tuned}});
            !done) {
            return done;
        }
        say(judge_step("all of it", std::span(seen_.runs).subspan(before), goal_).said);
        return {};
    }

    int conclude() {
        if (seen_.runs.empty()) return complain("No round was finished.");
        fmt::print("\n{}\n", print_comparison(compare_runs(seen_.runs, incumbent), &goal_));
        if (kept_.empty()) {
            say("The configuration stays as it is.");
            fmt::print("{}\n", seen_.remarks.back());
        } else {
            const auto tuned = with_values(base_, kept_);
            if (!tuned) return complain(tuned.error());
            const std::string lines = lines_to_paste(*tuned, kept_);
            seen_.remarks.push_back("For the configuration: " + lines);
            fmt::print("{}", lines);
        }
        return finish_report(seen_, given_.load.files, code_);
    }

  private:
    // What holds so far, and each value that is another.
    std::expected<std::vector<candidate>, std::string> candidates(
        const swept_setting& sweep) const {
        const auto now = with_values(base_, kept_);
        if (!now) return std::unexpected(now.error());
        std::vector<candidate> out{{std::string(incumbent), *now}};
        for (const std::string& value : sweep.values) {
            const chosen_value chosen{sweep.key, value};
            auto with = with_values(*now, std::span(&chosen, 1));
            if (!with) return std::unexpected(with.error());
            if (*with == *now) continue;
            out.push_back({label_of(sweep.key, value), std::move(*with)});
        }
        return out;
    }

    static std::string label_of(const std::string& key, const std::string& value) {
        return fmt::format("{}={}", key, value);
    }

    load_options against(const lode_process& server, std::string_view label) const {
        load_options o = load_;
        o.target.at = {.host = "127.0.0.1", .port = server.port()};
        o.target.label = label;
        o.target.server_pids = {server.pid()};
        o.target.server_metrics.clear();
        return o;
    }

    std::expected<void, std::string> run_rounds(const std::vector<candidate>& all) {
        for (std::uint32_t round = 1; round <= given_.rounds && !interrupted(); ++round) {
            ++rounds_so_far_;
            for (const std::size_t turn : turns_of_round(all.size(), round)) {
                if (auto done = run_one(all[turn]); !done) return done;
                if (interrupted()) break;
            }
        }
        return {};
    }

    std::expected<void, std::string> run_one(const candidate& one) {
        const auto server = lode_process::start(given_.binary, one.with);
        if (!server) return std::unexpected(fmt::format("{}: {}", one.label, server.error()));
        const load_options load = against(*server, one.label);
        // A server that has just started has nothing in memory, whatever the load expects.
        load_options warming = load;
        if (warming.state == cache_state::any) warming.state = cache_state::memory;
        if (auto warm = warm_cache(warming); !warm) return warm;
        auto seen = run_with_progress(load);
        if (!seen) return std::unexpected(fmt::format("{}: {}", one.label, seen.error()));
        if (const auto objection = objection_to(*seen, load)) {
            code_ = complain(fmt::format("{}: {}", one.label, *objection));
        }
        if (!interrupted()) seen_.runs.push_back({rounds_so_far_, std::move(*seen)});
        return {};
    }

    void keep(const swept_setting& sweep, const std::string& label) {
        for (const std::string& value : sweep.values) {
            if (label_of(sweep.key, value) == label) kept_.push_back({sweep.key, value});
        }
    }

    void say(const std::string& sentence) {
        fmt::print("{}\n", sentence);
        seen_.remarks.push_back(sentence);
    }

    const tune_arguments& given_;
    load_options load_;
    frontend::settings base_;
    const metric& goal_;
    report seen_;
    std::vector<swept_setting> sweeps_;
    std::vector<chosen_value> kept_;
    std::uint32_t rounds_so_far_ = 0;
    int code_ = 0;
};

int tune(const tune_arguments& given) {
    auto load = load_of(given.load, action::get);
    if (!load) return complain(load.error());
    auto base = base_settings(given.configuration);
    if (!base) return complain(base.error());
    tuning now(given, std::move(*load), std::move(*base));
    for (const auto step : {&tuning::plan, &tuning::prepare, &tuning::descend, &tuning::confirm}) {
        if (auto done = (now.*step)(); !done) return complain(done.error());
    }
    return now.conclude();
}

std::vector<std::string> goals() {
    std::vector<std::string> out;
    for (const metric& each : all_metrics()) out.emplace_back(each.key);
    return out;
}

}  // namespace

command add_tune(CLI::App& app) {
    auto* made = app.add_subcommand(
        "tune", "Start lode with one setting after the other changed, and keep what is better.");
    const auto given = std::make_shared<tune_arguments>();
    given->binary = lode_beside_us();
    made->add_option(
            "--config", given->configuration,
            "The configuration to begin with; its addresses are replaced, its devices used.")
        ->type_name("FILE")
        ->required();
    made->add_option("--lode", given->binary, "The lode to start.")
        ->type_name("FILE")
        ->capture_default_str();
    made->add_option("--set", given->sweeps,
                     "A setting and the values to try; may stand several times. Default: cores, "
                     "fetches, read-ahead.")
        ->type_name("KEY=V1,V2,...")
        ->allow_extra_args(false);
    made->add_option("--goal", given->goal, "What is to become better.")
        ->capture_default_str()
        ->check(CLI::IsMember(goals()));
    made->add_option("--rounds", given->rounds, "In how many rounds each value has its turn.")
        ->type_name("COUNT")
        ->capture_default_str()
        ->check(CLI::Range(tune_rounds_least, tune_rounds_most));
    add_load_options(*made, given->load);
    add_report_options(*made, given->load.files);
    return {.app = made, .run = [given] { return tune(*given); }};
}

}  // namespace lode::bench
