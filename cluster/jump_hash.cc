#include "cluster/jump_hash.h"

#include "engine/base/assert.h"

namespace lode::cluster {

std::uint32_t jump_hash(std::uint64_t key, std::uint32_t buckets) {
    LODE_ASSERT(buckets > 0);
    // The paper's own linear congruential generator: every node has to draw the same numbers.
    constexpr std::uint64_t multiplier = 2862933555777941757U;
    constexpr auto whole = static_cast<double>(std::uint64_t{1} << 31U);

    std::uint64_t bucket = 0;
    std::uint64_t next = 0;
    while (next < buckets) {
        bucket = next;
        key = key * multiplier + 1;
        const double jump = whole / static_cast<double>((key >> 33U) + 1);
        next = static_cast<std::uint64_t>(static_cast<double>(bucket + 1) * jump);
    }
    return static_cast<std::uint32_t>(bucket);
}

}  // namespace lode::cluster
