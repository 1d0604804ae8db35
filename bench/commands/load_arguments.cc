#include "bench/commands/load_arguments.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "bench/load/data_set.h"
#include "bench/load/option_table.h"
#include "bench/load/preset.h"
#include "bench/load/request_source.h"
#include "tools/lode/credentials.h"

namespace lode::bench {
namespace {

bool was_given(const load_arguments& given, std::string_view name) {
    return std::ranges::any_of(given.given, [&](const auto& each) { return each.first == name; });
}

std::expected<void, std::string> find_identity(const load_arguments& given, load_options& into) {
    if (given.anonymous) return {};
    frontend::origin_settings where;
    where.credentials = given.credentials;
    auto found = tools::find_credentials(where, tools::process_environment());
    if (!found) return std::unexpected(found.error());
    if (!*found) {
        return std::unexpected(
            "Nothing says who asks: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give "
            "--credentials FILE or --anonymous.");
    }
    into.target.who = std::move(**found);
    return {};
}

// What has never been read can be read once: keys of this run's own, no warm-up, one epoch.
void make_cold(const load_arguments& given, load_options& o) {
    if (!was_given(given, "prefix")) {
        o.data.prefix = fmt::format("cold-{}/", static_cast<std::int64_t>(std::time(nullptr)));
    }
    o.popularity = popularity_law::epoch;
    o.warm_up = duration::zero();
    const std::uint64_t fresh = request_source::epoch_length(o, data_set(o.data));
    o.requests = o.requests == 0 ? fresh : std::min(o.requests, fresh);
}

}  // namespace

void add_load_options(CLI::App& command, load_arguments& into) {
    std::string known;
    for (const preset& p : presets()) known += fmt::format(" {}: {}", p.name, p.meaning);
    command.add_option("--preset", into.preset, "Options by one word." + known)->type_name("NAME");
    for (const option_row& row : option_table()) {
        const std::string flag = fmt::format("--{}", row.name);
        const auto note = [&into, name = std::string(row.name)](const std::string& value) {
            into.given.emplace_back(name, value);
        };
        if (row.takes.empty()) {
            command.add_flag_function(
                flag, [note](std::int64_t count) { note(count > 0 ? "true" : "false"); },
                std::string(row.meaning));
        } else {
            command.add_option_function<std::string>(flag, note, std::string(row.meaning))
                ->type_name(std::string(row.takes));
        }
    }
    command
        .add_option("--credentials", into.credentials,
                    "A shared-credentials file (AWS_PROFILE chooses in it); else AWS_ACCESS_KEY_ID "
                    "and AWS_SECRET_ACCESS_KEY.")
        ->type_name("FILE");
    command.add_flag("--anonymous", into.anonymous, "Sign nothing.");
    command.add_flag("--no-prepare", into.no_prepare,
                     "The objects are there: do not look, and upload none.");
}

std::expected<load_options, std::string> load_of(const load_arguments& given, action what) {
    load_options made;
    made.what = what;
    if (!given.preset.empty()) {
        if (auto set = apply_preset(made, given.preset); !set) return std::unexpected(set.error());
    }
    for (const auto& [name, value] : given.given) {
        if (auto set = set_option(made, name, value); !set) return std::unexpected(set.error());
    }
    // Who counts requests does not want to be cut short by a time that he did not name.
    if (was_given(given, "requests") && made.requests > 0 && !was_given(given, "duration")) {
        made.measured = std::chrono::hours(24);
    }
    if (auto found = find_identity(given, made); !found) return std::unexpected(found.error());
    if (auto problem = problem_of(made)) return std::unexpected(*problem);
    if (made.state == cache_state::cold) make_cold(given, made);
    return made;
}

}  // namespace lode::bench
