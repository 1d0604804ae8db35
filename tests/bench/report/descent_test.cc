#include "bench/report/descent.h"

#include <initializer_list>

#include "tests/bench/report/sample.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

struct value_rates {
    std::string label;
    std::vector<std::uint64_t> rates;  // of each round
};

std::vector<measured_run> rounds_of(std::initializer_list<value_rates> all) {
    std::vector<measured_run> runs;
    for (const auto& [label, rates] : all) {
        for (std::uint32_t round = 1; round <= rates.size(); ++round) {
            runs.push_back({round, testing::run(label, rates[round - 1])});
        }
    }
    return runs;
}

descent_step step_of(std::initializer_list<value_rates> all) {
    return judge_step("k", rounds_of(all), *find_metric("requests_per_second"));
}

const value_rates as_it_is{std::string(incumbent), {100, 200, 300}};

}  // namespace

TEST_CASE("the best of the values that are surely better is kept") {
    const auto step = step_of({as_it_is, {"k=1", {120, 240, 360}}, {"k=2", {150, 300, 450}}});

    CHECK(step.kept == "k=2");
    CHECK(step.said == "k=2: 1.50x the requests/s, 1.50 to 1.50 in 3 rounds: kept.");
}

TEST_CASE("a value that was lucky does not hide one that is sure") {
    const auto step = step_of({as_it_is, {"lucky", {300, 100, 450}}, {"sure", {120, 241, 361}}});

    CHECK(step.kept == "sure");
}

TEST_CASE("what is noise is said to be noise and is not kept") {
    const auto step = step_of({as_it_is, {"k=1", {80, 202, 390}}});

    CHECK_FALSE(step.kept);
    CHECK(step.said.starts_with("k: stays; nothing is better by more than the noise (k=1: 1.01x"));
}

TEST_CASE("where all is worse that is said") {
    const auto step = step_of({as_it_is, {"k=1", {80, 160, 240}}, {"k=2", {50, 100, 150}}});

    CHECK_FALSE(step.kept);
    CHECK(step.said.starts_with("k: stays; every other value is worse (k=1: 0.80x"));
}

TEST_CASE("where less is better, less is kept") {
    auto runs = rounds_of({as_it_is, {"k=1", {100, 200, 300}}});
    for (measured_run& run : runs) run.seen.server_cpu = run.seen.label == "k=1" ? 1.0 : 2.0;

    const auto step = judge_step("k", runs, *find_metric("server_cpu_per_request"));

    CHECK(step.kept == "k=1");
    CHECK(step.said.starts_with("k=1: 0.50x the server CPU/request"));
}

TEST_CASE("without a figure nothing is kept") {
    CHECK_FALSE(judge_step("k", {}, *find_metric("p99")).kept);
    CHECK(judge_step("k", {}, *find_metric("p99")).said == "k: no value could be measured.");
}
