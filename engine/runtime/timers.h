// engine/runtime/timers.h
//
// What becomes due when. A timer is a place in its owner's object; the heap holds pointers to
// those.
//
//   Core       One owner core; a timer is armed, disarmed and fired there.
//   Memory     A pointer per armed timer.
//   Errors     None.
//   Lifetime   A timer that is destroyed is disarmed first.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/clock.h"

namespace lode::engine {

class timer_heap;

class timer {
  public:
    // `fire` runs from the core's loop, never from inside arm(). It may arm the timer again.
    using callback = void (*)(void* owner);

    timer(callback fire, void* owner) : fire_(fire), owner_(owner) {}
    ~timer() { disarm(); }
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    // Arms, or moves, to `due` on the current scheduler's heap. `never` disarms.
    void arm(time_point due);
    void disarm();

    [[nodiscard]] bool armed() const { return heap_ != nullptr; }
    [[nodiscard]] time_point due() const { return armed() ? due_ : never; }

  private:
    friend timer_heap;

    callback fire_;
    void* owner_;
    time_point due_ = never;
    timer_heap* heap_ = nullptr;
    std::size_t index_ = 0;
};

// A binary heap that knows each timer's place, so that moving and removing cost O(log n).
class timer_heap {
  public:
    timer_heap() = default;
    ~timer_heap();
    timer_heap(const timer_heap&) = delete;
    timer_heap& operator=(const timer_heap&) = delete;

    void insert(timer& t, time_point due);
    void remove(timer& t);

    // Fires everything that is due at `now`; what the callbacks arm for `now` waits for the next
    // call.
    void expire(time_point now);

    [[nodiscard]] time_point next_due() const {
        return heap_.empty() ? never : heap_.front()->due_;
    }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

  private:
    void place(std::size_t index, timer* t);
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);

    std::vector<timer*> heap_;
};

}  // namespace lode::engine
