// engine/runtime/wait_list.h
//
// Coroutines of one core that wait for something another coroutine of that core will say.
//
//   wait_list   A queue of waiters; notify_one / notify_all release them, with an outcome.
//   semaphore   A number of units; acquire waits in line, release serves the line, fail_line sends
//               it away.
//
//   Core        One; nothing here is atomic.
//   Memory      None: a waiter lives in its coroutine's frame.
//   Errors      timed_out when the deadline passes first; else what the notifier said.
//   Lifetime    A list must outlive its waiters.
#pragma once

#include <coroutine>
#include <cstdint>

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/runtime/waiting_coroutine.h"

namespace lode::engine {

class wait_list {
  public:
    class waiter final : public waiting_coroutine<result<>> {
      public:
        waiter(wait_list& l, time_point until) : waiting_coroutine(until), list_(l) {}

        void await_suspend(std::coroutine_handle<> h) {
            list_.waiters_.push_back(*this);
            begin(h);
        }

      private:
        friend wait_list;

        wait_list& list_;
    };

    [[nodiscard]] waiter wait(time_point until = never) { return {*this, until}; }

    // Returns whether anybody was waiting.
    bool notify_one(result<> outcome = {}) {
        if (waiters_.empty()) return false;
        waiters_.front().release(outcome);
        return true;
    }
    void notify_all(result<> outcome = {}) {
        while (notify_one(outcome)) {
        }
    }

    [[nodiscard]] bool empty() const { return waiters_.empty(); }

  private:
    list<waiter> waiters_;
};

class semaphore {
  public:
    explicit semaphore(std::uint64_t units) : free_(units) {}
    ~semaphore() { LODE_ASSERT(line_.empty()); }
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    class acquisition final : public waiting_coroutine<result<>> {
      public:
        acquisition(semaphore& s, std::uint64_t units, time_point until)
            : waiting_coroutine(until), semaphore_(s), units_(units) {}

        bool await_ready() noexcept { return semaphore_.try_acquire(units_); }
        void await_suspend(std::coroutine_handle<> h) {
            semaphore_.line_.push_back(*this);
            begin(h);
        }

      private:
        friend semaphore;

        // The next in line may want less.
        void gave_up() override { semaphore_.serve(); }

        semaphore& semaphore_;
        std::uint64_t units_;
    };

    // Whoever acquired `units` gives the same number back with release().
    [[nodiscard]] acquisition acquire(std::uint64_t units = 1, time_point until = never) {
        return {*this, units, until};
    }
    [[nodiscard]] bool try_acquire(std::uint64_t units = 1) {
        if (!line_.empty() || free_ < units) return false;
        free_ -= units;
        return true;
    }
    void release(std::uint64_t units = 1) {
        free_ += units;
        serve();
    }
    // Everyone in line is released with `why`, and has no units to give back.
    void fail_line(error why) {
        while (!line_.empty()) line_.front().release(std::unexpected(why));
    }

    [[nodiscard]] std::uint64_t free() const { return free_; }

  private:
    void serve() {
        while (!line_.empty() && line_.front().units_ <= free_) {
            free_ -= line_.front().units_;
            line_.front().release({});
        }
    }

    std::uint64_t free_;
    list<acquisition> line_;
};

}  // namespace lode::engine
