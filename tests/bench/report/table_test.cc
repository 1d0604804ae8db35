#include "bench/report/table.h"

#include <algorithm>
#include <ranges>
#include <string>

#include "bench/report/grid.h"
#include "tests/bench/report/sample.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using lode::bench::testing::run;

namespace {

std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    for (const auto line : std::views::split(text, '\n')) {
        widest = std::max(widest, static_cast<std::size_t>(std::ranges::distance(line)));
    }
    return widest;
}

run_result crowded(const std::string& label) {
    using namespace std::chrono_literals;
    run_result r = run(label, 1'234'567);
    r.in_flight = 16'384;
    r.offered_rate = 2'000'000;
    r.errors = {{"503 SlowDown", 1'234'567}, {"time-out", 12}};
    r.server_cpu = 12;
    r.whole = testing::latencies(12'345'670, 888'888us);
    r.first_byte = testing::latencies(12'345'670, 444'444us);
    return r;
}

}  // namespace

TEST_CASE("a table stays within a terminal, whatever its figures") {
    const std::vector<measured_run> runs{{0, crowded("a label that is far too long for any table")},
                                         {0, crowded("b")}};

    const std::string text = print_runs(runs);

    CHECK(widest_line(text) <= table_columns);
    CHECK(text.contains("1,234,567"));
    CHECK(text.contains("a label ..ny table"));
}

TEST_CASE("a row says rate, latencies, and where the bytes came from") {
    const std::vector<measured_run> runs{{0, run("lode", 1000)}};

    CHECK(print_runs(runs) ==
          "      at once  requests/s    GB/s     p50      p99    p99.9      max\n"
          "lode       16       1,000  0.0655  800 us  4.00 ms  7.20 ms  24.0 ms\n"
          "\n"
          "first byte  at once     p50      p99    p99.9      max  client CPUs\n"
          "lode             16  300 us  1.50 ms  2.70 ms  9.00 ms        0.150\n"
          "\n"
          "lode, 16 in flight: HIT memory 99.9 %, MISS 0.1 %\n");
}

TEST_CASE("a server that does not say where its bytes come from gets no line about it") {
    run_result r = run("wall", 10);
    r.words = {{"unsaid", 100}};

    CHECK_FALSE(print_runs(std::vector<measured_run>{{0, r}}).contains("unsaid"));
}

TEST_CASE("errors and spoiled bodies are said in words") {
    run_result r = run("lode", 10);
    r.errors = {{"503 SlowDown", 4321}, {"time-out", 2}};
    r.mismatches = 1;

    const std::string text = print_runs(std::vector<measured_run>{{0, r}});

    CHECK(text.contains("lode, 16 in flight: errors: 4,321 503 SlowDown, 2 time-out\n"));
    CHECK(text.contains("1 bodies were NOT what was stored"));
}

TEST_CASE("a ladder names its endpoint once") {
    run_result second = run("lode", 2000);
    second.in_flight = 32;
    const std::vector<measured_run> runs{{0, run("lode", 1000)}, {0, second}};

    const std::string text = print_runs(runs);

    CHECK(text.contains("\n           32       2,000"));
}

TEST_CASE("a run in which nothing ended well is a row of dashes and no division by zero") {
    run_result dead;
    dead.label = "dead";
    dead.errors = {{"connection refused", 5}};

    const std::string text = print_runs(std::vector<measured_run>{{0, dead}});

    CHECK(text.contains("dead        0           0     0       5\n"));
}

TEST_CASE("a comparison gives medians, ratios and a verdict for each figure") {
    report r;
    r.baseline = "a";
    r.remarks = {"the remark"};
    for (std::uint32_t round = 1; round <= 3; ++round) {
        r.runs.push_back({round, run("a", 1000 * round)});
        r.runs.push_back({round, run("b", 2000 * round)});
    }

    const std::string text = print_report(r);

    CHECK(
        text.contains("requests/s  median   from     to  ratio  from    to\n"
                      "a            2,000  1,000  3,000      1\n"
                      "b            4,000  2,000  6,000  2.00x  2.00  2.00  better\n"));
    CHECK(text.contains("ratios to a, taken within each round"));
    CHECK(text.ends_with("the remark\n"));
    CHECK(widest_line(text) <= table_columns);
    CHECK_FALSE(text.contains("server CPU"));
}

TEST_CASE("columns in which nobody says anything are left out, but never the first") {
    const grid g{.head = {"", "x", "y"}, .rows = {{"", "-", "1"}, {"", "", "2"}}};

    CHECK(print_grid(g.without_empty_columns()) == "  y\n  1\n  2\n");
}
