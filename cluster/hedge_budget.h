// cluster/hedge_budget.h
//
// Second requests for what a first one is late with: at most 5 % of the first ones, with a few
// saved up. Counted and not timed, so that hedges never outgrow the traffic that pays for them.
//
//   Core  One.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/health_rules.h"

namespace lode::cluster {

class hedge_budget {
  public:
    // A first request was made.
    void earn() { level_ = std::min(level_ + 1, full); }

    // Whether a second one may be made; if so, it is paid for.
    [[nodiscard]] bool try_spend() {
        if (level_ < health_rules::firsts_per_hedge) return false;
        level_ -= health_rules::firsts_per_hedge;
        return true;
    }

  private:
    static constexpr std::uint32_t full =
        health_rules::firsts_per_hedge * health_rules::hedge_burst;

    std::uint32_t level_ = full;  // in first requests
};

}  // namespace lode::cluster
