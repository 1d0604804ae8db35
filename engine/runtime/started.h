// engine/runtime/started.h
//
// A task that runs already, while its owner does something else: reading the next chunk while the
// present one is being sent. The outcome is collected with co_await, once.
//
//   Core      One.
//   Lifetime  Must be awaited before destruction, unless it was never started; the destructor
//             asserts it.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"
#include "engine/runtime/task.h"

namespace lode::engine {

template <class T>
class started {
  public:
    started() = default;
    ~started() { LODE_ASSERT(!running_); }
    started(const started&) = delete;
    started& operator=(const started&) = delete;

    // Runs `work` up to its first suspension.
    void start(task<T> work) {
        LODE_ASSERT(!running_ && !outcome_.has_value());
        running_ = true;
        drive(*this, std::move(work));
    }

    // True from start() until the outcome has been collected.
    [[nodiscard]] bool pending() const { return running_ || outcome_.has_value(); }

    [[nodiscard]] bool await_ready() const noexcept { return outcome_.has_value(); }
    void await_suspend(std::coroutine_handle<> h) noexcept {
        LODE_ASSERT(running_ && !waiter_);
        waiter_ = h;
    }
    T await_resume() {
        T outcome = std::move(*outcome_);
        outcome_.reset();
        return outcome;
    }

  private:
    static detail::detached drive(started& self, task<T> work) {
        self.outcome_.emplace(co_await std::move(work));
        self.running_ = false;
        if (self.waiter_) scheduler::current().post(std::exchange(self.waiter_, nullptr));
    }

    bool running_ = false;
    std::optional<T> outcome_;
    std::coroutine_handle<> waiter_;
};

}  // namespace lode::engine
