// engine/base/histogram.h
//
// Latencies and sizes in log-linear buckets (as HdrHistogram does it): 16 buckets per power of two,
// so that any recorded value is known within 1/16 (6.25 %).
//
//   Core     One writer. A reader on another core may be a few records behind, never torn.
//   Memory   976 counters of 8 bytes, nothing later.
//   Limits   Values from 0 to 2^64-1.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lode {

class histogram {
  public:
    void record(std::uint64_t value);

    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }

    // How many recorded values are at most `limit`, as exactly as the buckets allow.
    [[nodiscard]] std::uint64_t count_at_most(std::uint64_t limit) const;

    // The smallest bucket bound that covers `fraction` (0 to 1) of the records; 0 when empty.
    [[nodiscard]] std::uint64_t quantile(double fraction) const;

    // Adds another histogram's records to this one.
    void merge(const histogram& other);

    static constexpr std::size_t sub_buckets = 16;
    static constexpr std::size_t bucket_count = (64 - 4 + 1) * sub_buckets;

    [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
    [[nodiscard]] static std::uint64_t highest_of(std::size_t bucket);  // inclusive

  private:
    std::array<std::atomic<std::uint64_t>, bucket_count> counts_{};
    std::atomic<std::uint64_t> sum_{0};
};

}  // namespace lode
