#include "engine/base/histogram.h"

#include <bit>
#include <cmath>

namespace lode {
namespace {

// One writer, so a load and a store suffice; the atomic only keeps a reader from a torn value.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

std::size_t histogram::bucket_of(std::uint64_t value) {
    if (value < sub_buckets) return value;
    const auto exponent = static_cast<std::size_t>(std::bit_width(value)) - 1;  // at least 4
    const std::uint64_t mantissa = (value >> (exponent - 4)) & (sub_buckets - 1);
    return (exponent - 3) * sub_buckets + mantissa;
}

std::uint64_t histogram::highest_of(std::size_t bucket) {
    if (bucket < sub_buckets) return bucket;
    const std::size_t exponent = bucket / sub_buckets + 3;
    const std::uint64_t mantissa = bucket % sub_buckets;
    const std::uint64_t lowest = (sub_buckets + mantissa) << (exponent - 4);
    return lowest + ((std::uint64_t{1} << (exponent - 4)) - 1);
}

void histogram::record(std::uint64_t value) {
    add(counts_[bucket_of(value)], 1);
    add(sum_, value);
}

std::uint64_t histogram::count() const {
    std::uint64_t total = 0;
    for (const auto& c : counts_) total += c.load(std::memory_order_relaxed);
    return total;
}

std::uint64_t histogram::count_at_most(std::uint64_t limit) const {
    std::uint64_t total = 0;
    for (std::size_t b = 0; b < bucket_count && highest_of(b) <= limit; ++b) {
        total += counts_[b].load(std::memory_order_relaxed);
    }
    return total;
}

std::uint64_t histogram::quantile(double fraction) const {
    const std::uint64_t total = count();
    if (total == 0) return 0;
    const auto wanted =
        static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total)));
    std::uint64_t seen = 0;
    for (std::size_t b = 0; b < bucket_count; ++b) {
        seen += counts_[b].load(std::memory_order_relaxed);
        if (seen >= wanted && seen > 0) return highest_of(b);
    }
    return highest_of(bucket_count - 1);
}

void histogram::merge(const histogram& other) {
    for (std::size_t b = 0; b < bucket_count; ++b) {
        add(counts_[b], other.counts_[b].load(std::memory_order_relaxed));
    }
    add(sum_, other.sum());
}

}  // namespace lode
