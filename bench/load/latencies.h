// bench/load/latencies.h
//
// Every latency of a run, in the order in which requests ended, and what is to be said about them. Nothing
// is put into buckets: a percentile is one of the samples.
//
//   Core     One writes; who reads waits until it has ended.
//   Memory   8 bytes per request, taken 65,536 at a time.
//   Limits   Times are kept to 100 ns, and stay at 429 s when they are longer. `most` requests; whoever
//            writes looks at full() and ends the run there, rather than to forget the later ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "bench/load/run_result.h"
#include "engine/base/clock.h"

namespace lode::bench {

using latency_ticks = std::uint32_t;
inline constexpr duration latency_tick{100};

[[nodiscard]] constexpr latency_ticks ticks_of(duration time) {
    constexpr std::int64_t longest = std::numeric_limits<latency_ticks>::max();
    const std::int64_t ticks = time.count() / latency_tick.count();
    return static_cast<latency_ticks>(ticks < 0 ? 0 : ticks > longest ? longest : ticks);
}

struct latency_pair {
    latency_ticks first_byte = 0;
    latency_ticks whole = 0;
};

class latencies {
  public:
    static constexpr std::size_t most = std::size_t{1} << 26U;

    void add(latency_pair sample);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool full() const { return size_ >= most; }
    [[nodiscard]] const latency_pair& at(std::size_t index) const {
        return blocks_[index / block_length][index % block_length];
    }

  private:
    static constexpr std::size_t block_length = std::size_t{1} << 16U;

    std::vector<std::vector<latency_pair>> blocks_;
    std::size_t size_ = 0;
};

// Exact percentiles by nearest rank: the smallest sample that at least the fraction of all does not exceed.
// Sorts `samples`.
[[nodiscard]] latency_summary summarise(std::span<latency_ticks> samples);

// The same for one percentile; changes the order of `samples`. Zero when there are none.
[[nodiscard]] duration percentile(std::span<latency_ticks> samples, double fraction);

}  // namespace lode::bench
