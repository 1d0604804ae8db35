// engine/base/rate_limit.h
//
// A token bucket: amounts may pass at a steady rate, and a second's worth at once after a pause.
// Pure; whoever asks brings the time.
//
//   Limits  A single amount may be larger than the bucket: it passes when the bucket is full, and
//           what follows waits for the debt to be paid.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode {

class rate_limit {
  public:
    // 0: everything passes.
    explicit rate_limit(bytes per_second) : per_second_(static_cast<double>(per_second.count())) {}

    [[nodiscard]] bool limits() const { return per_second_ > 0; }

    [[nodiscard]] bool try_take(bytes amount, time_point when) {
        if (!limits()) return true;
        refill(when);
        const auto wanted = static_cast<double>(amount.count());
        if (level_ < std::min(wanted, per_second_)) return false;
        level_ -= wanted;
        return true;
    }

    // When try_take(amount) would first succeed.
    [[nodiscard]] time_point due(bytes amount, time_point when) {
        if (!limits()) return when;
        refill(when);
        const double missing = std::min(static_cast<double>(amount.count()), per_second_) - level_;
        if (missing <= 0) return when;
        return when +
               std::chrono::nanoseconds(static_cast<std::int64_t>(missing / per_second_ * 1e9) + 1);
    }

  private:
    void refill(time_point when) {
        if (when > filled_at_) {
            const std::chrono::duration<double> passed = when - filled_at_;
            level_ = std::min(per_second_, level_ + passed.count() * per_second_);
        }
        filled_at_ = when;
    }

    double per_second_;
    double level_ = 0;  // what may pass now; below zero: a debt
    time_point filled_at_;
};

}  // namespace lode
