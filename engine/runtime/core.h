// engine/runtime/core.h
//
// A core is one pinned thread with everything that belongs to it: scheduler, ring, mailbox. A
// core_group starts the threads and hands each its first task; cores then share nothing and only
// send each other messages (remote.h).
//
//   Core        Each object here is used on its own thread; core_group on the thread that made it.
//   Lifetime    run() returns when the main task of the core has ended.
//   Errors      A ring that cannot be set up is reported by start(), before any task runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/mailbox.h"
#include "engine/runtime/ring.h"
#include "engine/runtime/scheduler.h"
#include "engine/runtime/task.h"

namespace lode::engine {

class core {
  public:
    core(core_id self, mail_system& mail, const clock& time);
    core(const core&) = delete;
    core& operator=(const core&) = delete;

    // Makes this the calling thread's core and opens its ring.
    result<> open(ring::options o);

    // Runs the loop until `main` has ended.
    void run(task<void> main);

    [[nodiscard]] core_id self() const { return self_; }
    [[nodiscard]] engine::scheduler& scheduler() { return scheduler_; }
    [[nodiscard]] engine::ring& ring() { return ring_; }
    [[nodiscard]] engine::mailbox& mailbox() { return mailbox_; }

    [[nodiscard]] static core& current();
    // Null on a thread that is no core (the simulator, unit tests of pure code).
    [[nodiscard]] static core* current_or_null();

  private:
    static detail::detached run_main(core& self, task<void> main);

    [[nodiscard]] duration wait_limit();

    core_id self_;
    engine::scheduler scheduler_;
    engine::ring ring_;
    engine::mailbox mailbox_;
    bool finished_ = false;
};

// Base of what belongs to one core: every public call asserts that it is on it.
class core_bound {
  public:
    core_bound() : home_(core::current_or_null()) {}
    void assert_home() const { LODE_ASSERT(core::current_or_null() == home_); }

  private:
    const core* home_;
};

class core_group {
  public:
    struct options {
        std::size_t cores = 0;  // 0: one per CPU that this process may use
        ring::options ring;
        enum class pinning : std::uint8_t { pinned, free } pin = pinning::pinned;
    };

    explicit core_group(options o);
    ~core_group();
    core_group(const core_group&) = delete;
    core_group& operator=(const core_group&) = delete;

    // Starts every core; each runs `main(core_id)`. Fails, with nothing running, if a ring cannot
    // be opened.
    result<> start(std::function<task<void>(core_id)> main);

    // Returns when every core's main task has ended.
    void join();

    [[nodiscard]] std::size_t size() const { return mail_.cores(); }

  private:
    void thread_main(core_id self);

    options options_;
    std::vector<int> cpus_;
    mail_system mail_;
    system_clock clock_;
    std::function<task<void>(core_id)> main_;
    std::vector<std::thread> threads_;
    // Start-up only: each thread reports, then waits for the verdict.
    std::atomic<std::size_t> opened_{0};
    std::atomic<int> failed_errno_{0};
    std::atomic<int> verdict_{0};
};

}  // namespace lode::engine
