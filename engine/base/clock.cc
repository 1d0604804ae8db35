#include "engine/base/clock.h"

#include "engine/base/assert.h"

namespace lode {

time_point system_clock::now() const { return std::chrono::steady_clock::now(); }

wall_time system_clock::wall() const { return std::chrono::system_clock::now(); }

void simulated_clock::advance_to(time_point when) {
    LODE_ASSERT(when >= now_);
    wall_ += when - now_;
    now_ = when;
}

}  // namespace lode
