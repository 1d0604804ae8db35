#include "frontend/origin/retry.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;
using namespace std::chrono_literals;

namespace {

constexpr bytes nothing{0};

// How many further attempts are allowed to a fetch that brings `brought` each time.
unsigned attempts_after(bytes brought, const retry_limits& limits = {}) {
    lode::random chance(1);
    retry_budget budget(limits);
    unsigned more = 0;
    while (budget.next(brought, std::nullopt, chance)) ++more;
    return more;
}

}  // namespace

TEST_CASE("an origin that brings nothing is asked five times") {
    CHECK(attempts_after(nothing) + 1 == 5);
}

TEST_CASE("an origin that always brings something is asked a hundred times") {
    CHECK(attempts_after(bytes(1)) + 1 == 100);
}

TEST_CASE("what came renews the credit") {
    lode::random chance(1);
    retry_budget budget;

    for (int i = 0; i < 10; ++i) {
        CHECK(budget.next(bytes(1), std::nullopt, chance));
        CHECK(budget.next(nothing, std::nullopt, chance));
        CHECK(budget.next(nothing, std::nullopt, chance));
        CHECK(budget.next(nothing, std::nullopt, chance));
    }
    CHECK(!budget.next(nothing, std::nullopt, chance));
}

TEST_CASE("waits double, up to a limit, and differ by up to a half") {
    lode::random chance(1);
    retry_budget budget({.without_progress = 20});

    for (const duration most : {50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms}) {
        const auto pause = budget.next(nothing, std::nullopt, chance);
        REQUIRE(pause);
        CHECK(*pause >= most / 2);
        CHECK(*pause <= most);
    }
}

TEST_CASE("two that failed together do not come back together") {
    lode::random chance(1);
    retry_budget one;
    retry_budget other;

    CHECK(one.next(nothing, std::nullopt, chance) != other.next(nothing, std::nullopt, chance));
}

TEST_CASE("what the origin asks for is waited, but no longer than five seconds") {
    lode::random chance(1);
    retry_budget budget;

    CHECK(budget.next(nothing, 3s, chance) == duration(3s));
    CHECK(budget.next(nothing, 5s, chance) == duration(5s));
    CHECK(budget.next(nothing, 3600s, chance) == duration(5s));
    CHECK(budget.next(nothing, 0s, chance) > duration(0s));
}
