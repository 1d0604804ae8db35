#include "cluster/hedge_budget.h"

#include "tests/catch.h"

namespace lode::cluster {
namespace {

std::uint32_t spend_all(hedge_budget& budget) {
    std::uint32_t spent = 0;
    while (budget.try_spend()) ++spent;
    return spent;
}

}  // namespace

TEST_CASE("a few hedges are saved up, and no more") {
    hedge_budget budget;
    CHECK(spend_all(budget) == health_rules::hedge_burst);

    for (int n = 0; n < 10'000; ++n) budget.earn();

    CHECK(spend_all(budget) == health_rules::hedge_burst);
}

TEST_CASE("one first request in twenty may be hedged") {
    hedge_budget budget;
    std::uint32_t hedges = 0;

    for (int n = 0; n < 10'000; ++n) {
        budget.earn();
        hedges += budget.try_spend() ? 1 : 0;
    }

    CHECK(hedges >= 500);
    CHECK(hedges <= 500 + health_rules::hedge_burst);
}

TEST_CASE("a hedge is paid by twenty, not by nineteen") {
    hedge_budget budget;
    spend_all(budget);

    for (int n = 0; n < 19; ++n) budget.earn();
    CHECK_FALSE(budget.try_spend());
    budget.earn();
    CHECK(budget.try_spend());
}

}  // namespace lode::cluster
