#include "bench/report/json.h"

#include "cluster/json.h"
#include "tests/bench/report/sample.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using lode::bench::testing::run;

namespace {

report whole_report() {
    report r;
    r.title = "compare";
    r.written_by = "lode-bench 0.1.0";
    r.time = "2026-11-23T21:05:07Z";
    r.command = {"lode-bench", "compare", "a=http://127.0.0.1:1", "it's <odd> & \"quoted\""};
    r.host = {.name = "node-a",
              .kernel = "Linux 6.18.5 x86_64",
              .cpu = "Some CPU",
              .cpus = 2,
              .memory = bytes(8'000'000'001)};
    r.baseline = "a";
    r.remarks = {"one", "two"};
    for (std::uint32_t round = 1; round <= 3; ++round) {
        r.runs.push_back({round, run("a", 1000 + round)});
        r.runs.push_back({round, run("b", 2000 + round)});
    }
    run_result& odd = r.runs.back().seen;
    odd.offered_rate = 0.1 + 0.2;
    odd.server_cpu = 1.0 / 3;
    odd.errors = {{"503 SlowDown", 3}, {"time-out", 1}};
    odd.mismatches = 2;
    odd.verified = true;
    odd.measured = duration(9'999'999'999);
    odd.sent = bytes(~std::uint64_t{0} >> 1U);
    return r;
}

std::string without(const std::string& text, const std::string& field) {
    auto parsed = cluster::parse_json(text);
    parsed["runs"][1]["whole"].erase(field);
    return cluster::print_json(parsed);
}

}  // namespace

TEST_CASE("a report that is read again is written as it was") {
    const std::string text = print_json(whole_report());

    const auto again = read_json(text);

    REQUIRE(again);
    CHECK(print_json(*again) == text);
    const run_result& odd = again->runs.back().seen;
    CHECK(odd.offered_rate == 0.1 + 0.2);
    CHECK(odd.server_cpu == 1.0 / 3);
    CHECK(odd.measured == duration(9'999'999'999));
    CHECK(odd.errors.at("503 SlowDown") == 3);
    CHECK(odd.timeline.size() == 10);
    CHECK(odd.whole.p99_99 == std::chrono::microseconds(16'000));
    CHECK(odd.verified);
    CHECK(again->command.back() == "it's <odd> & \"quoted\"");
    CHECK(again->host.memory == bytes(8'000'000'001));
    CHECK(again->runs.front().round == 1);
}

TEST_CASE("what nobody knows is null and stays unknown") {
    report r = whole_report();
    r.runs = {{0, run("a", 5)}};

    const auto again = read_json(print_json(r));

    REQUIRE(again);
    CHECK_FALSE(again->runs[0].seen.server_cpu);
    CHECK_FALSE(again->runs[0].seen.offered_rate);
}

TEST_CASE("a comparison stands in the file beside its runs") {
    const auto parsed = cluster::parse_json(print_json(whole_report()));

    const auto& b = parsed["comparison"][1];
    CHECK(b["label"] == "b");
    CHECK(b["metrics"]["requests_per_second"]["verdict"] == "better");
    CHECK(b["metrics"]["requests_per_second"]["ratio"]["count"] == 3);
    CHECK(parsed["comparison"][0]["metrics"]["requests_per_second"]["ratio"].is_null());
}

TEST_CASE("what is no report is refused by a sentence that names the field") {
    const std::string text = print_json(whole_report());

    CHECK(read_json("").error() == "no JSON object");
    CHECK(read_json("[1]").error() == "no JSON object");
    CHECK(read_json("{}").error().starts_with("schema: expected 1"));
    CHECK(read_json(R"({"schema": 2})").error().starts_with("schema: expected 1"));
    CHECK(read_json(R"({"schema": 1})").error() == "title: expected a text");
    CHECK(read_json(without(text, "p99_9_ns")).error() ==
          "runs[1].whole.p99_9_ns: expected nanoseconds");
    CHECK(read_json(without(text, "count")).error() == "runs[1].whole.count: expected a count");
    CHECK_FALSE(read_json(text.substr(0, text.size() / 2)));
}

TEST_CASE("a label that is no UTF-8 does not stop a report") {
    report r = whole_report();
    r.runs[0].seen.label = "\xff";

    CHECK(read_json(print_json(r)));
}
