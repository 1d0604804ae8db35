#include "cluster/latency_window.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lode::cluster {
namespace {

constexpr std::uint64_t sub_buckets = 4;
constexpr unsigned unit_bits = 14;
constexpr std::uint64_t units_max = (std::uint64_t{1} << 17U) - 1;

}  // namespace

void latency_window::record(time_point now, duration latency) {
    if (!younger_counts(now)) {
        younger_ = elder_ = {};
        younger_begin_ = now;
    } else if (!elder_counts(now) || younger_.total == generation_samples) {
        elder_ = younger_;
        younger_ = {};
        younger_begin_ = now;
    }
    ++younger_.counts[bucket_of(latency)];
    ++younger_.total;
}

std::uint32_t latency_window::samples(time_point now) const {
    return (younger_counts(now) ? younger_.total : 0) + (elder_counts(now) ? elder_.total : 0);
}

duration latency_window::quantile(time_point now, double fraction) const {
    const std::uint32_t total = samples(now);
    if (total == 0) return duration::zero();
    const auto wanted =
        static_cast<std::uint32_t>(std::ceil(fraction * static_cast<double>(total)));
    const bool both = elder_counts(now);
    std::uint32_t seen = 0;
    for (std::size_t b = 0; b < bucket_count; ++b) {
        seen += younger_.counts[b] + (both ? elder_.counts[b] : 0);
        if (seen >= wanted && seen > 0) return highest_of(b);
    }
    return highest_of(bucket_count - 1);
}

bool latency_window::younger_counts(time_point now) const {
    return younger_.total > 0 && now - younger_begin_ < 2 * generation_age;
}

bool latency_window::elder_counts(time_point now) const {
    return now - younger_begin_ < generation_age;
}

std::size_t latency_window::bucket_of(duration latency) {
    const auto nanoseconds =
        static_cast<std::uint64_t>(std::max(latency, duration::zero()).count());
    const std::uint64_t units = std::min(nanoseconds >> unit_bits, units_max);
    if (units < sub_buckets) return units;
    const auto exponent = static_cast<std::size_t>(std::bit_width(units)) - 1;  // 2 to 16
    const std::uint64_t mantissa = (units >> (exponent - 2)) & (sub_buckets - 1);
    return (exponent - 1) * sub_buckets + mantissa;
}

duration latency_window::highest_of(std::size_t bucket) {
    std::uint64_t next = bucket + 1;  // the first unit of the next bucket
    if (bucket >= sub_buckets) {
        const std::size_t exponent = bucket / sub_buckets + 1;
        next = (sub_buckets + bucket % sub_buckets + 1) << (exponent - 2);
    }
    return duration(static_cast<std::int64_t>((next << unit_bits) - 1));
}

}  // namespace lode::cluster
