// engine/store/device_health.h
//
// When a device is no longer worth asking: too many errors within a window, or one request that
// does not come back. Pure: it is told what happened and when.
//
//   Core     One.
//   Limits   A stall is counted in ticks that the core itself saw pass, not on the clock. A machine
//            that was paused for an hour has seen one tick, and its devices are not to blame.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/clock.h"

namespace lode::engine {

class device_health {
  public:
    struct limits {
        std::uint32_t errors_max = 16;  // within the window; 0: no number is too many
        duration errors_window = std::chrono::minutes(1);
        duration stall_after = std::chrono::seconds(8);  // zero: for ever
    };
    static constexpr std::uint32_t ticks_per_stall = 8;

    explicit device_health(limits l) : limits_(l) {}

    // Returns whether this was one too many.
    [[nodiscard]] bool note_error(time_point when) {
        if (errors_ == 0 || when - window_begin_ > limits_.errors_window) {
            errors_ = 0;
            window_begin_ = when;
        }
        ++errors_;
        return limits_.errors_max != 0 && errors_ >= limits_.errors_max;
    }

    [[nodiscard]] bool watches_stalls() const { return limits_.stall_after > duration::zero(); }
    [[nodiscard]] duration tick() const { return limits_.stall_after / ticks_per_stall; }
    [[nodiscard]] static bool stalled(std::uint64_t begun_at_tick, std::uint64_t tick) {
        // The first tick may have come right after the beginning.
        return tick - begun_at_tick > ticks_per_stall;
    }

    void forgive() { errors_ = 0; }

  private:
    limits limits_;
    std::uint32_t errors_ = 0;
    time_point window_begin_;
};

}  // namespace lode::engine
