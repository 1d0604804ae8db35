// engine/base/random.h
//
// xoshiro256** (Blackman and Vigna, 2018) seeded through splitmix64. One generator per core or per
// simulation; the seed is the whole state of chance, so a run can be replayed. Not for secrets.
#pragma once

#include <array>
#include <cstdint>

namespace lode {

class random {
  public:
    explicit random(std::uint64_t seed);

    // Seeded from the kernel's generator.
    static random from_system();

    std::uint64_t next();

    // Uniform in [0, limit), by Lemire's multiplication; limit > 0.
    std::uint64_t below(std::uint64_t limit);

    // True once in `n` draws on average; n > 0.
    bool one_in(std::uint64_t n) { return below(n) == 0; }

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace lode
