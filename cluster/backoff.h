// cluster/backoff.h
//
// How long to wait before asking again what did not answer: twice as long each time, and never quite as
// long as the others do.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::cluster {

class backoff {
  public:
    // REQUIRES: 0 < least <= most.
    backoff(duration least, duration most) : least_(least), most_(most), next_(least) {}

    // Between a half and the whole of a time that doubles from `least` to `most`.
    [[nodiscard]] duration next(random& chance) {
        const duration whole = next_;
        next_ = std::min(next_ * 2, most_);
        const auto half = static_cast<std::uint64_t>(whole.count() / 2);
        return duration(static_cast<duration::rep>(half + chance.below(half + 1)));
    }

    void reset() { next_ = least_; }

  private:
    duration least_;
    duration most_;
    duration next_;
};

}  // namespace lode::cluster
