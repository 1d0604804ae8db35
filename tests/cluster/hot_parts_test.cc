#include "cluster/hot_parts.h"

#include <cmath>
#include <vector>

#include "cluster/choice.h"
#include "cluster/spread_memory.h"
#include "tests/catch.h"
#include "tests/cluster/zone.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;

constexpr hash128 part{.high = 1, .low = 2};
constexpr time_point first_asked{1h};
const hot_parts_options options{.requests_per_second = 100, .bytes_per_second = bytes(1'000'000)};

// Asks at an even rate for so long; readers who do as they are told, each candidate measuring as this
// one does. The spread in the end.
unsigned ask_evenly(hot_parts& here, double per_second, duration lasting, time_point& now,
                    bytes amount = bytes(1)) {
    const time_point end = now + lasting;
    while (now < end) {
        const unsigned spread = here.spread_of(part, now);
        here.asked(part, amount, spread, now);
        now += std::chrono::duration_cast<duration>(
            std::chrono::duration<double>(spread / per_second));
    }
    return here.spread_of(part, now);
}

}  // namespace

TEST_CASE("a part that nobody asks for is not spread") {
    CHECK(hot_parts(options).spread_of(part, first_asked) == 1);
}

TEST_CASE("the spread follows the rate of requests, and stays while readers follow it") {
    const std::vector<std::pair<double, unsigned>> expected = {
        {50, 1}, {90, 1}, {120, 2}, {190, 2}, {230, 4}, {390, 4}, {450, 8}, {790, 8}, {50'000, 8}};
    for (const auto& [rate, spread] : expected) {
        hot_parts here(options);
        time_point now = first_asked;
        CAPTURE(rate);
        CHECK(ask_evenly(here, rate, 20s, now) == spread);
        CHECK(ask_evenly(here, rate, 1min, now) == spread);
    }
}

TEST_CASE("the spread follows the rate of bytes, too") {
    hot_parts here(options);
    time_point now = first_asked;
    CHECK(ask_evenly(here, 10, 20s, now, bytes(90'000)) == 1);
    CHECK(ask_evenly(here, 10, 20s, now, bytes(300'000)) == 4);
}

TEST_CASE("a rush is noticed within a fraction of the window") {
    hot_parts here(options);
    time_point now = first_asked;
    CHECK(ask_evenly(here, 10'000, 200ms, now) == 8);
}

TEST_CASE("the spread shrinks when a part cools down, and not at the first lull") {
    hot_parts here(options);
    time_point now = first_asked;
    REQUIRE(ask_evenly(here, 350, 20s, now) == 4);

    CHECK(ask_evenly(here, 170, 20s, now) == 4);  // two could bear it, but barely
    CHECK(ask_evenly(here, 130, 20s, now) == 2);
    CHECK(ask_evenly(here, 10, 20s, now) == 1);

    CHECK(ask_evenly(here, 700, 20s, now) == 8);
    CHECK(here.spread_of(part, now + 200ms) == 8);
    CHECK(here.spread_of(part, now + 1min) == 1);
}

TEST_CASE("the spread keeps to its bound") {
    for (const unsigned most : {1U, 2U, 3U, 8U, 100U}) {
        hot_parts here({.requests_per_second = 1, .spread_max = most});
        time_point now = first_asked;
        CHECK(ask_evenly(here, 10'000, 1s, now) == std::min(most, candidates_max));
    }
}

TEST_CASE("what a reader says of its spread is brought within bounds") {
    hot_parts here(options);
    here.asked(part, bytes(1), 0xffff'ffffU, first_asked);
    CHECK(here.spread_of(part, first_asked) <= candidates_max);
    here.asked(part, bytes(1), 0, first_asked);
    CHECK(here.spread_of(part, first_asked + 1min) == 1);
}

TEST_CASE("a candidate that readers have just spread to does not send them back") {
    hot_parts here(options);
    here.asked(part, bytes(1), 8, first_asked);
    CHECK(here.spread_of(part, first_asked) == 8);
    CHECK(here.spread_of(part, first_asked + 500ms) == 8);
    CHECK(here.spread_of(part, first_asked + 20s) == 1);
}

TEST_CASE("a hot part is not forgotten for many cold ones") {
    hot_parts here({.parts = 64, .requests_per_second = 100});
    lode::random random(1);
    time_point now = first_asked;
    for (unsigned n = 0; n < 100'000; ++n) {
        now += 100us;
        here.asked(any_part(random), bytes(1), 1, now);
        if (n % 20 == 0) here.asked(part, bytes(1), here.spread_of(part, now), now);
    }
    CHECK(here.spread_of(part, now) >= 4);
}

TEST_CASE("time that seems to go backwards does no harm") {
    hot_parts here(options);
    here.asked(part, bytes(1), 1, first_asked);
    here.asked(part, bytes(1), 1, first_asked - 1h);
    CHECK(here.spread_of(part, first_asked - 2h) == 1);
    CHECK(here.spread_of(part, first_asked + 1h) == 1);
}

TEST_CASE("many readers of one part come to share it evenly among its candidates") {
    constexpr unsigned readers = 100;
    constexpr unsigned candidates_here = 8;
    std::vector<hot_parts> serving(candidates_here, hot_parts(options));
    std::vector<spread_memory> reading(readers, spread_memory(64));
    candidates all;
    for (std::uint16_t n = 0; n < candidates_here; ++n) all.add(member_index(n));
    std::vector<double> served(candidates_here);
    lode::random random(1);

    // 1,000 requests per second: ten times what one should bear, and more than eight should.
    for (unsigned n = 0; n < 20'000; ++n) {
        const time_point now = first_asked + n * 1ms;
        spread_memory& reader = reading[random.below(readers)];
        const unsigned spread = reader.spread_of(part, now);
        const auto who = choose(
            all, spread, [](member_index) { return standing::ask; },
            [](member_index) { return bytes(0); }, random);
        hot_parts& there = serving[who->value()];
        there.asked(part, bytes(1), spread, now);
        reader.told(part, there.spread_of(part, now), now);
        if (n >= 10'000) served[who->value()] += 1;
    }

    CHECK(std::ranges::max(served) < 1.25 * 10'000 / candidates_here);
}

}  // namespace lode::cluster
