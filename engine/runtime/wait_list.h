// engine/runtime/wait_list.h
//
// Coroutines of one core that wait for something another coroutine of that core will say.
//
//   wait_list   A queue of waiters; notify_one / notify_all release them, with an outcome.
//   semaphore   A number of units; acquire waits in line, release serves the line.
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
#include "engine/runtime/scheduler.h"

namespace lode::engine {

class wait_list {
  public:
    class waiter : public list_hook<> {
      public:
        waiter(wait_list& l, time_point until) : list_(l), until_(until), timer_(&expire, this) {}

        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            handle_ = h;
            list_.waiters_.push_back(*this);
            timer_.arm(until_);
        }
        [[nodiscard]] result<> await_resume() const noexcept { return outcome_; }

      private:
        friend wait_list;

        void release(result<> outcome) {
            unlink();
            timer_.disarm();
            outcome_ = outcome;
            scheduler::current().post(handle_);
        }
        static void expire(void* self) {
            static_cast<waiter*>(self)->release(fail(errc::timed_out));
        }

        wait_list& list_;
        time_point until_;
        timer timer_;
        result<> outcome_;
        std::coroutine_handle<> handle_;
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

    class acquisition : public list_hook<> {
      public:
        acquisition(semaphore& s, std::uint64_t units, time_point until)
            : semaphore_(s), units_(units), until_(until), timer_(&expire, this) {}

        bool await_ready() noexcept { return semaphore_.try_acquire(units_); }
        void await_suspend(std::coroutine_handle<> h) {
            handle_ = h;
            semaphore_.line_.push_back(*this);
            timer_.arm(until_);
        }
        [[nodiscard]] result<> await_resume() const noexcept { return outcome_; }

      private:
        friend semaphore;

        void finish(result<> outcome) {
            unlink();
            timer_.disarm();
            outcome_ = outcome;
            scheduler::current().post(handle_);
        }
        static void expire(void* self) {
            auto& me = *static_cast<acquisition*>(self);
            me.finish(fail(errc::timed_out));
            me.semaphore_.serve();  // the next in line may want less
        }

        semaphore& semaphore_;
        std::uint64_t units_;
        time_point until_;
        timer timer_;
        result<> outcome_;
        std::coroutine_handle<> handle_;
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

    [[nodiscard]] std::uint64_t free() const { return free_; }

  private:
    void serve() {
        while (!line_.empty() && line_.front().units_ <= free_) {
            free_ -= line_.front().units_;
            line_.front().finish({});
        }
    }

    std::uint64_t free_;
    list<acquisition> line_;
};

}  // namespace lode::engine
