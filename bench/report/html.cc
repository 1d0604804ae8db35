#include "bench/report/html.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bench/report/charts.h"
#include "bench/report/comparison.h"
#include "bench/report/grid.h"
#include "bench/report/headline.h"
#include "bench/report/html_style.h"
#include "bench/report/number_text.h"
#include "bench/report/svg_chart.h"

namespace lode::bench {
namespace {

std::string colours() {
    std::string out;
    for (unsigned i = 0; i < chart_colours; ++i) {
        out += fmt::format(
            "svg .c{0}.line {{ stroke: var(--k{0}) }} svg .c{0}.dot, svg .c{0}.bar {{ fill: "
            "var(--k{0}) }} svg .t{0} {{ fill: var(--k{0}) }} svg .c{0}.hollow {{ stroke: "
            "var(--k{0}) }}\n",
            i);
    }
    return out;
}

std::string time_or_nothing(std::optional<double> seconds) {
    return seconds ? find_metric("p50")->text(*seconds, greek_micro) : "";
}

std::string latency_or_nothing(const latency_summary& of, duration latency_summary::* rank) {
    return of.count > 0 ? time_text(of.*rank, greek_micro) : "";
}

cells cells_of(const measured_run& measured) {
    const run_result& run = measured.seen;
    cells row{run.label,
              measured.round > 0 ? count_text(measured.round) : "",
              count_text(run.in_flight),
              run.offered_rate ? figure_text(*run.offered_rate) : "",
              count_text(run.requests),
              figure_text(run.requests_per_second()),
              figure_text(run.bytes_per_second() / 1e9)};
    for (const auto rank : {&latency_summary::p50, &latency_summary::p99}) {
        row.push_back(latency_or_nothing(run.first_byte, rank));
    }
    for (const auto rank :
         {&latency_summary::p50, &latency_summary::p90, &latency_summary::p99,
          &latency_summary::p99_9, &latency_summary::p99_99, &latency_summary::most}) {
        row.push_back(latency_or_nothing(run.whole, rank));
    }
    const std::uint64_t errors = errors_of(run);
    row.push_back(errors > 0 ? count_text(errors) : "");
    row.push_back(run.mismatches > 0 ? count_text(run.mismatches) : "");
    const auto per_gb = server_cpu_per_gb(run);
    row.push_back(per_gb ? figure_text(*per_gb) : "");
    row.push_back(time_or_nothing(server_cpu_per_request(run)));
    row.push_back(time_or_nothing(client_cpu_per_request(run)));
    return row;
}

std::string table_row(const cells& row, const char* element) {
    std::string out = "<tr>";
    for (const std::string& cell : row)
        out += fmt::format("<{0}>{1}</{0}>", element, escaped(cell));
    return out + "</tr>\n";
}

std::string html_table(const grid& rows) {
    std::string out =
        "<div class=\"scroll\"><table>\n<thead>" + table_row(rows.head, "th") + "</thead>\n<tbody>";
    for (const cells& row : rows.rows) out += table_row(row, "td");
    return out + "</tbody></table></div>\n";
}

std::string all_runs(const report& of) {
    grid rows{.head = {"run",
                       "round",
                       "at once",
                       "offered/s",
                       "requests",
                       "requests/s",
                       "GB/s",
                       "first byte p50",
                       "p99",
                       "whole p50",
                       "p90",
                       "p99",
                       "p99.9",
                       "p99.99",
                       "max",
                       "errors",
                       "spoiled",
                       "server CPU s/GB",
                       "server CPU/req",
                       "client CPU/req"},
              .rows = {}};
    for (const measured_run& run : of.runs) rows.rows.push_back(cells_of(run));
    return "<h2>Every run</h2>\n" + html_table(rows.without_empty_columns());
}

std::string compared_table(const comparison& all) {
    grid rows{
        .head = {"figure", "endpoint", "median", "least", "most", "ratio", "least", "most", ""},
        .rows = {}};
    for (std::size_t i = 0; i < all_metrics().size(); ++i) {
        const metric& what = all_metrics()[i];
        bool first = true;
        for (const compared_endpoint& endpoint : all.endpoints) {
            const auto& [of, value, ratio] = endpoint.metrics[i];
            if (!value) continue;
            cells row{first ? std::string(what.title) : std::string(), endpoint.label};
            for (const double v : {value->median, value->least, value->most}) {
                row.push_back(what.text(v, greek_micro));
            }
            if (ratio) {
                for (const double v : {ratio->median, ratio->least, ratio->most}) {
                    row.push_back(fmt::format("{:.2f}", v));
                }
                row.emplace_back(word_of(judge(*ratio, what.better)));
            } else {
                row.insert(row.end(), {"", "", "", ""});
            }
            rows.rows.push_back(std::move(row));
            first = false;
        }
    }
    return "<h2>Medians, and ratios within rounds</h2>\n" + html_table(rows);
}

// What answers said about where their bytes came from, and errors by kind.
std::string words_table(const report& of) {
    grid rows{.head = {"run", "at once", "answers and errors"}, .rows = {}};
    for (const auto& [round, run] : of.runs) {
        std::string said;
        for (const auto& [word, count] : run.words) {
            said += fmt::format("{}{} {}", said.empty() ? "" : ", ", word, count_text(count));
        }
        for (const auto& [kind, count] : run.errors) {
            said +=
                fmt::format("{}{} {}", said.empty() ? "" : "; error: ", kind, count_text(count));
        }
        rows.rows.push_back({run.label, count_text(run.in_flight), std::move(said)});
    }
    return "<h2>What the answers said</h2>\n" + html_table(rows.without_empty_columns());
}

std::string origins(const report& of) {
    std::string out = "<h2>How it was measured</h2>\n";
    const auto line = [&](std::string_view text) {
        if (!text.empty()) out += fmt::format("<p>{}</p>\n", escaped(text));
    };
    out += fmt::format("<p><code>{}</code></p>\n", escaped(command_text(of.command)));
    line(fmt::format("{}, {} CPUs ({}), {} of memory, {}", of.host.name, of.host.cpus, of.host.cpu,
                     size_text(of.host.memory), of.host.kernel));
    line(fmt::format("{}, {}", of.written_by, of.time));
    std::vector<std::string> endpoints;
    for (const auto& [round, run] : of.runs) {
        std::string one =
            fmt::format("{}: {}, {} ({})", run.label, run.endpoint, run.workload, run.operation);
        if (std::ranges::find(endpoints, one) == endpoints.end())
            endpoints.push_back(std::move(one));
    }
    for (const std::string& one : endpoints) line(one);
    line(
        "GB are 10^9 bytes of bodies. Latencies are exact ranks of all requests that ended well; "
        "where requests follow a schedule they count from when each was due.");
    return out;
}

}  // namespace

std::string print_html(const report& of) {
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>lode-bench {0}</title>\n<style>{1}{2}</style></head>\n<body>\n<h1>lode-bench "
        "{0}</h1>\n",
        escaped(of.title), page_style, colours());
    const std::string workload = of.runs.empty() ? "" : of.runs.front().seen.workload;
    out += fmt::format(
        "<p class=\"quiet\">{}</p>\n",
        escaped(fmt::format("{} \u00b7 {} \u00b7 {}", workload, of.host.name, of.time)));
    out += "<ul class=\"said\">\n";
    for (const std::string& said : headlines(of))
        out += fmt::format("<li>{}</li>\n", escaped(said));
    for (const std::string& said : of.remarks) out += fmt::format("<li>{}</li>\n", escaped(said));
    out += "</ul>\n";
    for (const chart_row& row : draw_charts(of)) {
        out += "<div class=\"row\">\n";
        for (const std::string& chart : row) out += chart;
        out += "</div>\n";
    }
    if (!of.baseline.empty()) out += compared_table(compare_runs(of.runs, of.baseline));
    out += all_runs(of) + words_table(of) + origins(of);
    return out + "</body></html>\n";
}

}  // namespace lode::bench
