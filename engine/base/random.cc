#include "engine/base/random.h"

#include <bit>

#include <sys/random.h>

#include "engine/base/assert.h"

namespace lode {

random::random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        seed += 0x9e3779b97f4a7c15U;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        word = z ^ (z >> 31U);
    }
}

random random::from_system() {
    std::uint64_t seed = 0;
    const ssize_t got = getrandom(&seed, sizeof seed, 0);
    LODE_ASSERT(got == sizeof seed);
    return random(seed);
}

std::uint64_t random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t random::below(std::uint64_t limit) {
    LODE_ASSERT(limit > 0);
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * limit) >> 64U);
}

}  // namespace lode
