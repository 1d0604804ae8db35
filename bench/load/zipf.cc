#include "bench/load/zipf.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"

namespace lode::bench {
namespace {

// log(1 + x) / x and (exp(x) - 1) / x, which the quotients themselves lose near 0 (an exponent near 1).
double log1p_ratio(double x) {
    return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x / 3);
}
double expm1_ratio(double x) {
    return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * (0.5 + x / 6);
}

}  // namespace

zipf::zipf(std::uint64_t n, double s)
    : n_(static_cast<double>(n)),
      s_(s),
      low_(integral(1.5) - 1),
      high_(integral(n_ + 0.5)),
      near_(2 - inverse(integral(2.5) - h(2))) {
    LODE_ASSERT(n > 0 && s > 0);
}

std::uint64_t zipf::draw(random& chance) const {
    for (;;) {
        const double uniform = static_cast<double>(chance.next() >> 11U) * 0x1p-53;
        const double u = high_ + uniform * (low_ - high_);
        const double x = inverse(u);
        const double k = std::clamp(std::floor(x + 0.5), 1.0, n_);
        if (k - x <= near_ || u >= integral(k + 0.5) - h(k)) return static_cast<std::uint64_t>(k);
    }
}

double zipf::h(double x) const { return std::exp(-s_ * std::log(x)); }

double zipf::integral(double x) const {
    const double log_x = std::log(x);
    return expm1_ratio((1 - s_) * log_x) * log_x;
}

double zipf::inverse(double y) const {
    const double t = std::max(-1.0, y * (1 - s_));
    return std::exp(log1p_ratio(t) * y);
}

}  // namespace lode::bench
