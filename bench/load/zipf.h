// bench/load/zipf.h
//
// Ranks 1 to n, the k-th in proportion to 1 / k^s, in constant time and memory: rejection-inversion
// (W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", ACM TOMACS 6(3), 1996). Its integral is inverted, and a draw is taken back where the
// integral stands above the histogram: about one in ten at worst.
#pragma once

#include <cstdint>

#include "engine/base/random.h"

namespace lode::bench {

class zipf {
  public:
    // n of at least 1, s above 0.
    zipf(std::uint64_t n, double s);

    [[nodiscard]] std::uint64_t draw(random& chance) const;

  private:
    [[nodiscard]] double h(double x) const;
    [[nodiscard]] double integral(double x) const;
    [[nodiscard]] double inverse(double y) const;

    double n_;
    double s_;
    double low_;   // the integral's value where the first rank begins,
    double high_;  // and where the last one ends
    double near_;  // so close to a rank no draw needs to be checked
};

}  // namespace lode::bench
