#include "bench/load/permutation.h"

#include "bench/load/content.h"
#include "engine/base/assert.h"

namespace lode::bench {
namespace {

constexpr unsigned rounds = 4;

}  // namespace

permutation::permutation(std::uint64_t n, std::uint64_t key) : n_(n), key_(mixed(key)) {
    LODE_ASSERT(n > 0 && n <= std::uint64_t{1} << 62U);
    while ((std::uint64_t{1} << (2 * half_)) < n) ++half_;
}

std::uint64_t permutation::at(std::uint64_t place) const {
    LODE_ASSERT(place < n_);
    std::uint64_t x = step(place);
    while (x >= n_) x = step(x);
    return x;
}

std::uint64_t permutation::step(std::uint64_t x) const {
    const std::uint64_t side = (std::uint64_t{1} << half_) - 1;
    std::uint64_t left = x >> half_;
    std::uint64_t right = x & side;
    for (unsigned round = 0; round < rounds; ++round) {
        const std::uint64_t turned = left ^ (mixed(key_ + (right << 3U) + round) & side);
        left = right;
        right = turned;
    }
    return (left << half_) | right;
}

}  // namespace lode::bench
