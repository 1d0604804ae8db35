// `lode-bench show`: reports that were written before.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/commands/commands.h"
#include "bench/commands/conversation.h"
#include "bench/commands/report_options.h"
#include "bench/report/headline.h"
#include "bench/report/table.h"

namespace lode::bench {
namespace {

struct show_arguments {
    std::vector<std::string> paths;
    report_files files;
};

constexpr std::size_t paths_max = 64;

// Of several files one report: the first's facts, everybody's runs.
int show(const show_arguments& given) {
    std::optional<report> whole;
    for (const std::string& path : given.paths) {
        auto one = read_report(path);
        if (!one) return complain(one.error());
        if (!whole) {
            whole = std::move(*one);
        } else {
            std::ranges::move(one->runs, std::back_inserter(whole->runs));
        }
    }
    fmt::print("{}\n", print_report(*whole));
    for (const std::string& said : headlines(*whole)) fmt::print("{}\n", said);
    return finish_report(*whole, given.files, 0);
}

}  // namespace

command add_show(CLI::App& app) {
    auto* made =
        app.add_subcommand("show", "Print reports that --json wrote, or make a page of them.");
    const auto given = std::make_shared<show_arguments>();
    made->add_option("FILES", given->paths,
                     "What --json wrote; runs of several files in one report.")
        ->required()
        ->expected(1, paths_max);
    add_report_options(*made, given->files);
    return {.app = made, .run = [given] { return show(*given); }};
}

}  // namespace lode::bench
