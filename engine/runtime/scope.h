// engine/runtime/scope.h
//
// A scope owns background tasks: whoever spawns into it can wait for all of them, and nothing
// outlives it unnoticed (Seastar calls this a gate).
//
//   Core       One.
//   Lifetime   close() must have been awaited before destruction, unless nothing was ever running;
//              the destructor asserts it.
#pragma once

#include <cstddef>

#include "engine/base/assert.h"
#include "engine/runtime/task.h"
#include "engine/runtime/wait_list.h"

namespace lode::engine {

class scope {
  public:
    scope() = default;
    ~scope() { LODE_ASSERT(running_ == 0); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

    // Starts `work` now, on this core, up to its first suspension. Its parameters must be values or
    // refer to things that outlive the scope. Not after close().
    void spawn(task<void> work) {
        LODE_ASSERT(!closed_);
        ++running_;
        run(*this, std::move(work));
    }

    // No more spawns; returns when everything has ended. Whoever closes asks the tasks to end
    // first.
    task<void> close() {
        closed_ = true;
        while (running_ > 0) (void)co_await idle_.wait();
    }

    // Waits like close() until nothing runs or `until` passes; spawning stays allowed.
    task<result<>> wait_idle(time_point until) {
        while (running_ > 0) {
            auto idle = co_await idle_.wait(until);
            if (!idle) co_return idle;
        }
        co_return result<>{};
    }

    [[nodiscard]] std::size_t running() const { return running_; }
    [[nodiscard]] bool closed() const { return closed_; }

  private:
    static detail::detached run(scope& self, task<void> work) {
        co_await std::move(work);
        if (--self.running_ == 0) self.idle_.notify_all();
    }

    std::size_t running_ = 0;
    bool closed_ = false;
    wait_list idle_;
};

}  // namespace lode::engine
