#include "bench/load/arrivals.h"

#include <cmath>

#include "engine/base/assert.h"

namespace lode::bench {

arrivals::arrivals(arrival_law law, double rate, time_point begin, core_share share, random chance)
    : law_(law), rate_(rate), begin_(begin), share_(share), chance_(chance) {
    LODE_ASSERT(law == arrival_law::closed || rate > 0);
}

time_point arrivals::take() {
    LODE_ASSERT(scheduled());
    if (law_ == arrival_law::constant) {
        seconds_ = static_cast<double>(taken_ * share_.of + share_.index) / rate_;
    } else {
        // 1 - u lies in (0, 1], so that its logarithm is finite.
        const double u = static_cast<double>(chance_.next() >> 11U) * 0x1p-53;
        seconds_ -= std::log1p(-u) * share_.of / rate_;
    }
    ++taken_;
    return begin_ + std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds_));
}

std::uint64_t arrivals::missed(time_point end) {
    std::uint64_t count = 0;
    while (take() < end) ++count;
    return count;
}

}  // namespace lode::bench
