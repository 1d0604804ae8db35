#include "bench/load/arrivals.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

const time_point begin{std::chrono::hours(1)};

arrivals schedule(arrival_law law, double rate, core_share share = {}) {
    return {law, rate, begin, share, lode::random(7 + share.index)};
}

}  // namespace

TEST_CASE("a constant schedule is due at equal distances, without drifting") {
    auto due = schedule(arrival_law::constant, 3);

    CHECK(due.take() == begin);
    CHECK(due.take() - begin == duration(333'333'333));
    CHECK(due.take() - begin == duration(666'666'666));
    for (int i = 3; i < 3'000'000; ++i) (void)due.take();
    CHECK(due.take() - begin == std::chrono::seconds(1'000'000));
}

TEST_CASE("the cores of a run share a constant schedule") {
    std::vector<time_point> all;
    for (unsigned core = 0; core < 4; ++core) {
        auto due = schedule(arrival_law::constant, 1000, {.index = core, .of = 4});
        for (int i = 0; i < 250; ++i) all.push_back(due.take());
    }
    std::ranges::sort(all);

    for (std::size_t i = 0; i < all.size(); ++i) {
        REQUIRE(all[i] - begin == std::chrono::milliseconds(i));
    }
}

TEST_CASE("a Poisson schedule has its rate, and distances that spread as much as they measure") {
    for (const unsigned cores : {1U, 4U}) {
        auto due = schedule(arrival_law::poisson, 1000, {.index = 0, .of = cores});
        constexpr int count = 200'000;
        double sum = 0;
        double squares = 0;
        time_point last = begin;
        for (int i = 0; i < count; ++i) {
            const time_point next = due.take();
            REQUIRE(next >= last);
            const double distance = std::chrono::duration<double>(next - last).count();
            sum += distance;
            squares += distance * distance;
            last = next;
        }
        const double mean = sum / count;
        const double deviation = std::sqrt(squares / count - mean * mean);

        const double expected = 0.001 * cores;
        CHECK(std::abs(mean / expected - 1) < 0.012);  // five standard errors
        CHECK(std::abs(deviation / expected - 1) < 0.025);
    }
}

TEST_CASE("what was due and not taken is counted") {
    auto due = schedule(arrival_law::constant, 100);
    for (int i = 0; i < 30; ++i) (void)due.take();

    CHECK(due.missed(begin + std::chrono::seconds(1)) == 70);
}
