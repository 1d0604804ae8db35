#include "cluster/latency_window.h"

#include <chrono>

#include "engine/base/clock.h"
#include "tests/catch.h"

namespace lode::cluster {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("an empty window knows nothing") {
    const simulated_clock clock;
    const latency_window window;

    CHECK(window.samples(clock.now()) == 0);
    CHECK(window.quantile(clock.now(), 0.99) == duration::zero());
}

TEST_CASE("a latency is known within a quarter, and never from below") {
    const simulated_clock clock;
    for (duration latency = microseconds(1); latency < seconds(2); latency = latency * 17 / 16) {
        latency_window window;
        window.record(clock.now(), latency);

        const duration known = window.quantile(clock.now(), 0.99);

        CHECK(known >= latency);
        CHECK(known <= latency + latency / 4 + microseconds(17));
    }
}

TEST_CASE("what lies beyond the window's range counts as its bound") {
    const simulated_clock clock;
    latency_window window;
    window.record(clock.now(), std::chrono::hours(1));
    CHECK(window.quantile(clock.now(), 1) >= seconds(2));
    CHECK(window.quantile(clock.now(), 1) <= milliseconds(2'148));

    latency_window other;
    other.record(clock.now(), milliseconds(-1));
    CHECK(other.quantile(clock.now(), 1) <= microseconds(17));
}

TEST_CASE("quantiles split the samples") {
    const simulated_clock clock;
    latency_window window;
    for (int n = 0; n < 99; ++n) window.record(clock.now(), milliseconds(1));
    window.record(clock.now(), milliseconds(100));

    CHECK(window.quantile(clock.now(), 0.5) <= microseconds(1'250));
    CHECK(window.quantile(clock.now(), 0.99) <= microseconds(1'250));
    CHECK(window.quantile(clock.now(), 1) >= milliseconds(100));
}

TEST_CASE("samples are remembered for ten seconds and forgotten after twenty") {
    simulated_clock clock;
    latency_window window;
    window.record(clock.now(), milliseconds(100));
    clock.advance(seconds(10));
    window.record(clock.now(), milliseconds(1));
    CHECK(window.samples(clock.now()) == 2);

    clock.advance(seconds(10));
    CHECK(window.samples(clock.now()) == 1);
    CHECK(window.quantile(clock.now(), 1) <= milliseconds(2));

    clock.advance(seconds(10));
    CHECK(window.samples(clock.now()) == 0);
    window.record(clock.now(), milliseconds(1));
    CHECK(window.samples(clock.now()) == 1);
}

TEST_CASE("many samples at once push out the old ones and overflow nothing") {
    const simulated_clock clock;
    latency_window window;
    for (int n = 0; n < 200'000; ++n) {
        window.record(clock.now(), milliseconds(1));
        REQUIRE(window.samples(clock.now()) <= 2 * latency_window::generation_samples);
    }
    CHECK(window.samples(clock.now()) > latency_window::generation_samples);
    CHECK(window.quantile(clock.now(), 1) <= microseconds(1'250));
}

}  // namespace lode::cluster
