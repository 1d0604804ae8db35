// cluster/latency_window.h
//
// The latencies of the last ten to twenty seconds, and their quantiles. Two generations of
// counters: what is recorded goes into the younger one; when that is old or full, it becomes the
// elder and the elder is forgotten.
//
//   Core     One.
//   Memory   272 bytes: there is one per peer and core.
//   Limits   From 16 us to 2.1 s; what lies beyond counts as the bound. A quantile is at most a
//            quarter (or 16 us) above the truth, never below it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/clock.h"

namespace lode::cluster {

class latency_window {
  public:
    // Long enough for a quantile at a few requests per second, short enough to follow a peer's
    // fortunes.
    static constexpr duration generation_age = std::chrono::seconds(10);
    static constexpr std::uint32_t generation_samples = 16'384;

    void record(time_point now, duration latency);

    // How many are remembered.
    [[nodiscard]] std::uint32_t samples(time_point now) const;

    // The smallest bucket bound that covers `fraction` (0 to 1) of them; zero when there are none.
    [[nodiscard]] duration quantile(time_point now, double fraction) const;

  private:
    // Four buckets per power of two, over 17 bits of units of 2^14 ns.
    static constexpr std::size_t bucket_count = 64;

    struct generation {
        std::array<std::uint16_t, bucket_count> counts{};
        std::uint32_t total = 0;
    };

    // Which generations are not yet too old to be believed.
    [[nodiscard]] bool younger_counts(time_point now) const;
    [[nodiscard]] bool elder_counts(time_point now) const;

    [[nodiscard]] static std::size_t bucket_of(duration latency);
    [[nodiscard]] static duration highest_of(std::size_t bucket);

    generation younger_;
    generation elder_;
    time_point younger_begin_;
};

}  // namespace lode::cluster
