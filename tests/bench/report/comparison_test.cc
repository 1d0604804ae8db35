#include "bench/report/comparison.h"

#include "tests/bench/report/sample.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using lode::bench::testing::run;

namespace {

const compared_metric& of(const comparison& all, const char* label, const char* key) {
    const auto* endpoint = all.find(label);
    REQUIRE(endpoint != nullptr);
    for (const compared_metric& each : endpoint->metrics) {
        if (each.what->key == key) return each;
    }
    FAIL("no such metric");
    return endpoint->metrics.front();
}

}  // namespace

TEST_CASE("quartiles lie between ranks") {
    const spread s = spread_of({4, 1, 3, 2});

    CHECK(s.count == 4);
    CHECK(s.median == 2.5);
    CHECK(s.lower == 1.75);
    CHECK(s.upper == 3.25);
    CHECK(s.least == 1);
    CHECK(s.most == 4);
    CHECK(spread_of({7}).upper == 7);
}

TEST_CASE("ratios are taken within rounds, so that a slow spell of the machine falls out") {
    // Twice as fast in each round, while the machine slows to a tenth: medians alone would say 20x or 0.2x.
    std::vector<measured_run> runs{{1, run("a", 1000)}, {1, run("b", 2000)}, {2, run("b", 200)},
                                   {2, run("a", 100)},  {3, run("a", 500)},  {3, run("b", 1000)}};

    const comparison c = compare_runs(runs, "a");

    const compared_metric& b = of(c, "b", "requests_per_second");
    CHECK(b.value->median == 1000);
    CHECK(b.ratio->median == 2);
    CHECK(b.ratio->least == 2);
    CHECK(b.ratio->most == 2);
    CHECK(b.ratio->count == 3);
    CHECK_FALSE(of(c, "a", "requests_per_second").ratio);
    CHECK(c.endpoints.front().label == "a");
}

TEST_CASE("the median of ratios is not the ratio of medians") {
    std::vector<measured_run> runs{{1, run("a", 100)}, {1, run("b", 200)}, {2, run("a", 200)},
                                   {2, run("b", 100)}, {3, run("a", 300)}, {3, run("b", 900)}};

    const comparison c = compare_runs(runs, "a");

    CHECK(of(c, "b", "requests_per_second").ratio->median == 2);  // of 2, 0.5, 3; not 200/200
}

TEST_CASE("a round in which the baseline has no figure has no ratio") {
    run_result dead = run("a", 0);
    dead.whole = {};
    std::vector<measured_run> runs{
        {1, dead}, {1, run("b", 10)}, {2, run("a", 10)}, {2, run("b", 30)}};

    const comparison c = compare_runs(runs, "a");

    CHECK(of(c, "b", "requests_per_second").ratio->count == 1);
    CHECK(of(c, "b", "p50").ratio->count == 1);
    CHECK(of(c, "b", "p50").value->count == 2);
    CHECK(of(c, "a", "p50").value->count == 1);
}

TEST_CASE("what no run knows has no value, and runs of no round are left out") {
    const std::vector<measured_run> runs{{0, run("alone", 10)}, {1, run("a", 10)}};

    const comparison c = compare_runs(runs, "a");

    CHECK(c.find("alone") == nullptr);
    CHECK_FALSE(of(c, "a", "server_cpu_per_gb").value);
}

TEST_CASE("CPU time is per gigabyte and per request that ended well") {
    run_result r = run("a", 1000);
    r.server_cpu = 2.0;

    CHECK(*server_cpu_per_request(r) == 2.0 / 10'000);
    CHECK(*server_cpu_per_gb(r) == 2.0 / (10'000 * 65536 / 1e9));
    r.requests = 0;
    CHECK_FALSE(server_cpu_per_request(r));
}

TEST_CASE("a ratio is noise until its notch leaves one out") {
    const auto judged = [](std::vector<double> ratios, preferred better = preferred::more) {
        return judge(spread_of(std::move(ratios)), better);
    };

    CHECK(judged({1.2, 1.21, 1.22}) == verdict::better);
    CHECK(judged({1.2, 1.21, 1.22}, preferred::less) == verdict::worse);
    CHECK(judged({0.8, 0.81, 0.82}) == verdict::worse);
    CHECK(judged({0.8, 0.81, 0.82}, preferred::less) == verdict::better);
    CHECK(judged({0.7, 1.05, 1.6}) == verdict::noise);
    CHECK(judged({1.004, 1.005, 1.006}) ==
          verdict::noise);                        // real perhaps, and not worth a setting
    CHECK(judged({2.0, 2.0}) == verdict::noise);  // two rounds prove nothing
}
