// bench/load/permutation.h
//
// An order of the numbers below n that is drawn from a key and held nowhere: a Feistel network over the
// next power of four, walked until it is below n again (J. Black, P. Rogaway, "Ciphers with arbitrary finite
// domains", CT-RSA 2002). At most four steps on average.
#pragma once

#include <cstdint>

namespace lode::bench {

class permutation {
  public:
    // n from 1 to 2^62.
    permutation(std::uint64_t n, std::uint64_t key);

    // Where `place`, below n, is mapped to; no two places to the same number.
    [[nodiscard]] std::uint64_t at(std::uint64_t place) const;

  private:
    [[nodiscard]] std::uint64_t step(std::uint64_t x) const;

    std::uint64_t n_;
    std::uint64_t key_;
    unsigned half_ = 1;  // bits of each side
};

}  // namespace lode::bench
