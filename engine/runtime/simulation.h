// engine/runtime/simulation.h
//
// A world without a kernel: one scheduler on a clock that jumps to the next thing that happens.
// With the same seed it runs the same way, on any machine, under any load.
//
//   Core    The calling thread; replaces its current scheduler while it lives.
//   Limits  run() stops after `steps_max` resumptions, so that a livelock is a failure and not a
//           hang.
#pragma once

#include <cstdint>
#include <utility>

#include "engine/base/clock.h"
#include "engine/runtime/scheduler.h"
#include "engine/runtime/task.h"

namespace lode::engine {

class simulation {
  public:
    explicit simulation(std::uint64_t seed) : scheduler_(clock_, random(seed)) {
        scheduler_.enter();
    }

    enum class outcome : std::uint8_t { finished, stuck, step_limit };

    // Runs `main` to its end, advancing the clock whenever nobody is ready. `stuck`: somebody waits
    // for something that will never happen.
    outcome run(task<void> main, std::uint64_t steps_max = 10'000'000) {
        const std::uint64_t mine = ++runs_;
        drive(*this, mine, std::move(main));
        for (std::uint64_t steps = 0; steps < steps_max; steps += step()) {
            if (finished_ == mine) return outcome::finished;
            if (scheduler_.ready().empty()) {
                const time_point due = scheduler_.timers().next_due();
                if (due == never) return outcome::stuck;
                if (due > clock_.now()) clock_.advance_to(due);
            }
        }
        return outcome::step_limit;
    }

    // Time passes at once, as when the machine was suspended: what became due meanwhile fires
    // together.
    void jump(duration amount) { clock_.advance(amount); }

    [[nodiscard]] simulated_clock& clock() { return clock_; }
    [[nodiscard]] random& chance() { return scheduler_.chance(); }

  private:
    std::uint64_t step() {
        scheduler_.timers().expire(clock_.now());
        return 1 + scheduler_.ready().run(1024);
    }

    static detail::detached drive(simulation& self, std::uint64_t run, task<void> main) {
        co_await std::move(main);
        self.finished_ = run;
    }

    simulated_clock clock_;
    scheduler scheduler_;
    std::uint64_t runs_ = 0;
    std::uint64_t finished_ =
        0;  // the run that ended last; one that was stuck may end during another
};

}  // namespace lode::engine
