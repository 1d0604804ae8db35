#include "bench/load/latencies.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"

namespace lode::bench {
namespace {

duration time_of(latency_ticks ticks) { return latency_tick * static_cast<std::int64_t>(ticks); }

// Nearest rank; `count` above 0.
std::size_t place_of(double fraction, std::size_t count) {
    const double rank = std::ceil(fraction * static_cast<double>(count));
    return std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, count) - 1;
}

}  // namespace

void latencies::add(latency_pair sample) {
    LODE_ASSERT(!full());
    if (size_ % block_length == 0) blocks_.emplace_back().reserve(block_length);
    blocks_.back().push_back(sample);
    ++size_;
}

latency_summary summarise(std::span<latency_ticks> samples) {
    if (samples.empty()) return {};
    std::ranges::sort(samples);
    std::uint64_t sum = 0;
    for (const latency_ticks each : samples) sum += each;
    const auto at = [&](double fraction) {
        return time_of(samples[place_of(fraction, samples.size())]);
    };
    return {.count = samples.size(),
            .mean = duration(static_cast<std::int64_t>(static_cast<double>(sum) /
                                                       static_cast<double>(samples.size()) *
                                                       static_cast<double>(latency_tick.count()))),
            .least = time_of(samples.front()),
            .p50 = at(0.5),
            .p90 = at(0.9),
            .p99 = at(0.99),
            .p99_9 = at(0.999),
            .p99_99 = at(0.9999),
            .most = time_of(samples.back())};
}

duration percentile(std::span<latency_ticks> samples, double fraction) {
    if (samples.empty()) return {};
    const auto place =
        samples.begin() + static_cast<std::ptrdiff_t>(place_of(fraction, samples.size()));
    std::ranges::nth_element(samples, place);
    return time_of(*place);
}

}  // namespace lode::bench
