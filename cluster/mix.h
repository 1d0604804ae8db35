// cluster/mix.h
//
// Turns the id of a part into numbers that look independent: splitmix64 (G. Steele, D. Lea and
// C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014). Arithmetic only, so that nodes
// of any kind agree. The store takes bits of the id as they are to choose a shard and a device;
// placement has to be independent of these, hence all of the id goes through here.
#pragma once

#include <cstdint>

#include "engine/base/hash.h"

namespace lode::cluster {

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d0'49bb'1331'11ebU;
    return value ^ (value >> 31U);
}

[[nodiscard]] constexpr std::uint64_t mix(hash128 part) {
    return mix(part.high + 0x9e37'79b9'7f4a'7c15U * (mix(part.low) | 1U));
}

// The number `n` of the row that begins with `seed`.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t n) {
    return mix(seed + 0x9e37'79b9'7f4a'7c15U * (n + 1));
}

}  // namespace lode::cluster
