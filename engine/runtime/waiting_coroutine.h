// engine/runtime/waiting_coroutine.h
//
// What everyone who stands in a line has in common: a coroutine that waits until somebody releases
// it with an outcome, or its deadline does. Whoever keeps the line derives an awaitable from it that
// steps into that line when the wait begins.
//
//   Core      One.
//   Memory    None: it lives in the frame of the coroutine that waits.
//   Errors    timed_out when the deadline passes first; else what whoever released it said.
//   Lifetime  Leaves its line when it is destroyed.
#pragma once

#include <coroutine>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {

// Outcome is a result<...>.
template <class Outcome>
class waiting_coroutine : public list_hook<> {
  public:
    bool await_ready() const noexcept { return false; }
    [[nodiscard]] Outcome await_resume() const noexcept { return outcome_; }

  protected:
    explicit waiting_coroutine(time_point until) : until_(until), timer_(&expire, this) {}
    ~waiting_coroutine() = default;

    void begin(std::coroutine_handle<> h) {
        handle_ = h;
        timer_.arm(until_);
    }

    // Leaves the line; the coroutine goes on when its turn comes.
    void release(Outcome outcome) {
        unlink();
        timer_.disarm();
        outcome_ = std::move(outcome);
        scheduler::current().post(handle_);
    }

    // The deadline came first, and the line is one shorter.
    virtual void gave_up() {}

  private:
    static void expire(void* self) {
        auto& me = *static_cast<waiting_coroutine*>(self);
        me.release(fail(errc::timed_out));
        me.gave_up();
    }

    time_point until_;
    timer timer_;
    Outcome outcome_{};
    std::coroutine_handle<> handle_;
};

}  // namespace lode::engine
