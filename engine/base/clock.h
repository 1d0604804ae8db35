// engine/base/clock.h
//
// The only source of time. Production reads the kernel's clocks; the simulator moves its own.
#pragma once

#include <chrono>

namespace lode {

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
using wall_time = std::chrono::time_point<std::chrono::system_clock, duration>;

inline constexpr time_point never = time_point::max();

class clock {
  public:
    virtual ~clock() = default;

    // Monotonic: deadlines, latencies.
    [[nodiscard]] virtual time_point now() const = 0;

    // Calendar time: signatures, HTTP dates. May jump.
    [[nodiscard]] virtual wall_time wall() const = 0;
};

class system_clock final : public clock {
  public:
    [[nodiscard]] time_point now() const override;
    [[nodiscard]] wall_time wall() const override;
};

// Stands still until it is told to move.
class simulated_clock final : public clock {
  public:
    [[nodiscard]] time_point now() const override { return now_; }
    [[nodiscard]] wall_time wall() const override { return wall_; }

    void advance_to(time_point when);
    void advance(duration amount) { advance_to(now_ + amount); }
    void jump_wall(duration amount) { wall_ += amount; }

  private:
    time_point now_{std::chrono::hours(1)};
    wall_time wall_{std::chrono::hours(24 * 365 * 56)};
};

}  // namespace lode
