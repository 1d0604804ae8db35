#include "bench/report/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "bench/report/grid.h"
#include "bench/report/number_text.h"

namespace lode::bench {
namespace {

constexpr const char* nothing = "-";

std::string time_or_dash(const latency_summary& of, duration latency_summary::* rank) {
    return of.count > 0 ? time_text(of.*rank) : nothing;
}

std::string seconds_or_dash(std::optional<double> value) {
    if (!value) return nothing;
    return time_text(std::chrono::duration_cast<duration>(std::chrono::duration<double>(*value)));
}

// A label stands once for all its rows of a ladder.
cells beginning(const run_result& run, const run_result* before) {
    const bool again = before != nullptr && before->label == run.label;
    return {again ? std::string() : run.label, count_text(run.in_flight)};
}

cells traffic_row(const run_result& run, const run_result* before) {
    cells row = beginning(run, before);
    row.push_back(run.offered_rate ? figure_text(*run.offered_rate) : nothing);
    row.push_back(figure_text(run.requests_per_second()));
    row.push_back(figure_text(run.bytes_per_second() / 1e9));
    for (const auto rank : {&latency_summary::p50, &latency_summary::p99, &latency_summary::p99_9,
                            &latency_summary::most}) {
        row.push_back(time_or_dash(run.whole, rank));
    }
    const std::uint64_t errors = errors_of(run);
    row.push_back(errors > 0 ? count_text(errors) : nothing);
    return row;
}

cells cost_row(const run_result& run, const run_result* before) {
    cells row = beginning(run, before);
    for (const auto rank : {&latency_summary::p50, &latency_summary::p99, &latency_summary::p99_9,
                            &latency_summary::most}) {
        row.push_back(time_or_dash(run.first_byte, rank));
    }
    row.push_back(run.seconds() > 0 ? figure_text(run.client_cpu / run.seconds()) : nothing);
    const auto per_gb = server_cpu_per_gb(run);
    row.push_back(per_gb ? figure_text(*per_gb) : nothing);
    row.push_back(seconds_or_dash(server_cpu_per_request(run)));
    return row;
}

using row_maker = cells (*)(const run_result&, const run_result*);

std::string table_of(std::span<const measured_run> runs, cells head, row_maker make) {
    grid rows{.head = std::move(head), .rows = {}};
    const run_result* before = nullptr;
    for (const measured_run& run : runs) {
        rows.rows.push_back(make(run.seen, before));
        before = &run.seen;
    }
    return print_grid(rows.without_empty_columns());
}

std::string counts_text(const std::map<std::string, std::uint64_t>& counts, std::uint64_t whole) {
    std::string out;
    for (const auto& [word, count] : counts) {
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", word, share_text(count, whole));
    }
    return out;
}

std::string who(const run_result& run) {
    return fmt::format("{}, {} in flight", shortened(run.label), run.in_flight);
}

// Where the bytes came from and what went wrong; a line each, once where several runs say the same.
std::string words_of(std::span<const measured_run> runs) {
    std::string out;
    for (const auto& [round, run] : runs) {
        std::uint64_t said = 0;
        for (const auto& [word, count] : run.words) said += count;
        const bool silent = said == 0 || (run.words.size() == 1 && run.words.contains("unsaid"));
        if (!silent) out += fmt::format("{}: {}\n", who(run), counts_text(run.words, said));
        if (!run.errors.empty()) {
            std::string kinds;
            for (const auto& [kind, count] : run.errors) {
                kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count_text(count), kind);
            }
            out += fmt::format("{}: errors: {}\n", who(run), kinds);
        }
        if (run.mismatches > 0) {
            out += fmt::format("{}: {} bodies were NOT what was stored\n", who(run),
                               count_text(run.mismatches));
        }
    }
    return out;
}

std::string ratio_text(const spread& ratio) { return fmt::format("{:.2f}x", ratio.median); }

grid grid_of(const comparison& of, const metric& what, std::size_t index) {
    grid rows{.head = {std::string(what.title), "median", "from", "to", "ratio", "from", "to", ""},
              .rows = {}};
    for (const compared_endpoint& endpoint : of.endpoints) {
        const compared_metric& here = endpoint.metrics[index];
        if (!here.value) continue;
        cells row{endpoint.label};
        for (const double value : {here.value->median, here.value->least, here.value->most}) {
            row.push_back(what.text(value, plain_micro));
        }
        if (here.ratio) {
            row.push_back(ratio_text(*here.ratio));
            row.push_back(fmt::format("{:.2f}", here.ratio->least));
            row.push_back(fmt::format("{:.2f}", here.ratio->most));
            row.emplace_back(word_of(judge(*here.ratio, what.better)));
        } else {
            row.insert(row.end(), {endpoint.label == of.baseline ? "1" : nothing, "", "", ""});
        }
        rows.rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace

std::string print_runs(std::span<const measured_run> runs) {
    if (runs.empty()) return {};
    std::string out = table_of(
        runs,
        {"", "at once", "offered/s", "requests/s", "GB/s", "p50", "p99", "p99.9", "max", "errors"},
        traffic_row);
    out += "\n";
    out += table_of(runs,
                    {"first byte", "at once", "p50", "p99", "p99.9", "max", "client CPUs",
                     "server s/GB", "server/req"},
                    cost_row);
    const std::string words = words_of(runs);
    if (!words.empty()) out += "\n" + words;
    return out;
}

std::string print_comparison(const comparison& of, const metric* only) {
    std::string out;
    for (std::size_t i = 0; i < all_metrics().size(); ++i) {
        if (only != nullptr && only != &all_metrics()[i]) continue;
        const grid rows = grid_of(of, all_metrics()[i], i);
        if (!rows.rows.empty()) out += print_grid(rows) + "\n";
    }
    return out;
}

std::string print_report(const report& of) {
    const comparison compared = compare_runs(of.runs, of.baseline);
    std::string out;
    if (compared.endpoints.empty() || of.baseline.empty()) {
        out = print_runs(of.runs);
    } else {
        std::vector<measured_run> bad;
        for (const measured_run& run : of.runs) {
            if (errors_of(run.seen) > 0 || run.seen.mismatches > 0) bad.push_back(run);
        }
        out = print_comparison(compared);
        out += fmt::format(
            "ratios to {}, taken within each round; \"from\" and \"to\" are the least and the "
            "most\n",
            of.baseline);
        if (!bad.empty()) out += "\n" + words_of(bad);
    }
    for (const std::string& remark : of.remarks) out += remark + "\n";
    return out;
}

}  // namespace lode::bench
