// engine/runtime/scheduler.h
//
// Who runs next on this core: coroutines that are ready, and timers that become due. A real core
// adds a ring and a mailbox to it; the simulator adds a clock that it moves itself.
//
//   Core     One per thread at a time; `current()` is thread-local.
//   Memory   The ready queue grows to its high-water mark.
#pragma once

#include <coroutine>
#include <cstddef>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/runtime/timers.h"

namespace lode::engine {

// A first-in first-out queue of coroutines to resume.
class ready_queue {
  public:
    ready_queue();

    void push(std::coroutine_handle<> ready);
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t size() const { return count_; }

    // Resumes at most `batch`; what becomes ready meanwhile waits its turn. Returns how many ran.
    std::size_t run(std::size_t batch);

  private:
    std::vector<std::coroutine_handle<>> slots_;  // a power of two
    std::size_t head_ = 0;
    std::size_t count_ = 0;
};

class scheduler {
  public:
    // `time` must outlive the scheduler.
    scheduler(const clock& time, random chance) : clock_(time), random_(chance) {}
    ~scheduler();
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;

    // Makes this the current scheduler of the calling thread until it is destroyed.
    void enter();
    [[nodiscard]] static scheduler& current();

    void post(std::coroutine_handle<> ready) { ready_.push(ready); }

    [[nodiscard]] ready_queue& ready() { return ready_; }
    [[nodiscard]] timer_heap& timers() { return timers_; }
    [[nodiscard]] const clock& time() const { return clock_; }
    [[nodiscard]] time_point now() const { return clock_.now(); }
    [[nodiscard]] random& chance() { return random_; }

  private:
    const clock& clock_;
    random random_;
    ready_queue ready_;
    timer_heap timers_;
};

// The current scheduler's time.
[[nodiscard]] inline time_point now() { return scheduler::current().now(); }

// co_await yield(): lets everything else that is ready run first.
struct yield {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const { scheduler::current().post(h); }
    void await_resume() const noexcept {}
};

// co_await sleep_until(when) / sleep_for(time). Not cancellable: for waits that are bounded anyway.
class sleep_until {
  public:
    explicit sleep_until(time_point when) : when_(when), timer_(&fire, this) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        waiter_ = h;
        timer_.arm(when_);
    }
    void await_resume() const noexcept {}

  private:
    static void fire(void* self) {
        scheduler::current().post(static_cast<sleep_until*>(self)->waiter_);
    }

    time_point when_;
    timer timer_;
    std::coroutine_handle<> waiter_;
};

inline sleep_until sleep_for(duration time) { return sleep_until(now() + time); }

}  // namespace lode::engine
