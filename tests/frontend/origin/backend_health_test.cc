#include "frontend/origin/backend_health.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;
using namespace std::chrono_literals;

namespace {

// Until when a backend is left out that fails now; the pause ends within [pause / 2, pause].
duration pause_after_failure(backend_health& health, time_point now, lode::random& chance) {
    health.failed(now, chance);
    duration pause{0};
    while (!health.welcomes(now + pause)) pause += 1ms;
    return pause;
}

}  // namespace

TEST_CASE("a backend that fails is left out, and longer each time that its trial fails too") {
    lode::random chance(1);
    backend_health health;
    time_point now{1h};
    duration longest = backend_health::pause_min;

    for (int i = 0; i < 12; ++i) {
        const duration pause = pause_after_failure(health, now, chance);
        CHECK(!health.is_up());
        CHECK(pause >= longest / 2);
        CHECK(pause <= longest);
        now += pause;
        health.admit(now);
        longest = std::min(2 * longest, backend_health::pause_max);
    }
    CHECK(longest == backend_health::pause_max);
}

TEST_CASE("pauses of the same length differ from node to node") {
    lode::random one(1);
    lode::random other(2);
    backend_health a;
    backend_health b;

    CHECK(pause_after_failure(a, time_point{1h}, one) !=
          pause_after_failure(b, time_point{1h}, other));
}

TEST_CASE("one request tries a backend again, and its complete answer brings it back") {
    lode::random chance(1);
    backend_health health;
    const time_point later = time_point{1h} + backend_health::pause_min;
    health.failed(time_point{1h}, chance);

    REQUIRE(health.welcomes(later));
    health.admit(later);
    CHECK(!health.welcomes(later));

    health.succeeded();
    CHECK(health.is_up());
    CHECK(health.welcomes(later));
    CHECK(pause_after_failure(health, later, chance) <= backend_health::pause_min);
}

TEST_CASE("a trial that is never heard of again makes way for another") {
    lode::random chance(1);
    backend_health health;
    const time_point later = time_point{1h} + backend_health::pause_min;
    health.failed(time_point{1h}, chance);
    health.admit(later);

    CHECK(!health.welcomes(later + backend_health::trial_max - 1ms));
    CHECK(health.welcomes(later + backend_health::trial_max));
}

TEST_CASE("what was sent before an outage neither ends nor prolongs it") {
    lode::random chance(1);
    backend_health health;
    CHECK(health.failed(time_point{1h}, chance));

    CHECK(!health.failed(time_point{1h} + 1ms, chance));
    health.succeeded();

    CHECK(!health.is_up());
    CHECK(health.welcomes(time_point{1h} + backend_health::pause_min));
}

TEST_CASE("a check takes a backend out, and brings it back only after its pause") {
    lode::random chance(1);
    backend_health health;
    const time_point now{1h};

    CHECK(health.checked(false, now, chance));
    CHECK(!health.checked(true, now + 1ms, chance));
    CHECK(!health.is_up());
    CHECK(health.checked(true, now + backend_health::pause_min, chance));
    CHECK(health.is_up());
    // Being there is less than having served: the next outage is longer all the same.
    const duration pause = pause_after_failure(health, now + 1min, chance);
    CHECK(pause >= backend_health::pause_min);
}
