// cluster/jump_hash.h
//
// Jump consistent hash (J. Lamping and E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm",
// arXiv:1406.2294, 2014): spreads keys evenly over numbered buckets, and moves of them only what a new
// bucket has to get.
#pragma once

#include <cstdint>

namespace lode::cluster {

// A number below `buckets`, which is at least 1. Takes O(ln buckets) steps.
[[nodiscard]] std::uint32_t jump_hash(std::uint64_t key, std::uint32_t buckets);

}  // namespace lode::cluster
