// engine/runtime/ring.h
//
// One io_uring: the only way from a core to the kernel. Operations are awaitables that live in
// their caller's coroutine frame; the ring holds a pointer to each until its completion arrives.
//
// It may have a second ring beside it, which it drives itself, for devices that are polled.
//
//   Core        Single issuer: created and used by one thread (IORING_SETUP_SINGLE_ISSUER,
//               DEFER_TASKRUN).
//   Memory      The queues, at start. Operations bring their own.
//   Lifetime    An operation in flight is neither moved nor destroyed; cancel it and await its end.
//   Invariants  in_flight() counts operations whose completion has not been reaped.
//   Errors      open() says what the kernel refused. Later failures arrive as each operation's result.
//   Limits      `entries` submissions between two submits; more are submitted early, not lost.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <liburing.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {

// Something the kernel will complete.
class operation {
  public:
    operation() = default;
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    // Called while completions are reaped: store the outcome, post the waiter, resume nobody.
    // `more` in flags (IORING_CQE_F_MORE) means that further completions follow.
    virtual void complete(std::int32_t outcome, std::uint32_t flags) = 0;

  protected:
    ~operation() = default;
};

class ring {
  public:
    struct options {
        std::uint32_t entries = 1024;
        std::uint32_t completions = 8192;
    };

    ring() = default;
    ~ring();
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    // Sets the ring up on the calling thread and makes it that thread's current one.
    result<> open(options o);

    [[nodiscard]] static ring& current();
    // Null where this thread has no ring (the simulator).
    [[nodiscard]] static ring* current_or_null();

    // The ring for devices that are polled (IORING_SETUP_IOPOLL), opened when it is first asked for.
    // It carries reads and writes of files opened with O_DIRECT and nothing else.
    result<ring*> polled();

    // Polled operations are in flight. Nothing interrupts for those, so that submit_and_wait() then
    // looks for them and does not wait.
    [[nodiscard]] bool polling() const { return polled_ != nullptr && polled_->in_flight_ > 0; }

    // A submission entry that will complete `op`; the caller fills it in before the next call.
    [[nodiscard]] io_uring_sqe& prepare(operation& op);

    // Asks the kernel to end `op` early; its completion still arrives, with -ECANCELED or its
    // result.
    void cancel(operation& op);

    // Wakes the core that waits in another ring. Fire and forget.
    void wake(int target_ring_fd);

    // Submits what was prepared; waits until something completes or `wait` has passed (zero: no
    // wait).
    void submit_and_wait(duration wait);

    // Hands every arrived completion to its operation. Returns how many.
    std::size_t reap();

    // Registers `memory` for fixed reads and writes, polled ones too, in pieces the kernel accepts. Whole pieces
    // only: a buffer that is used for one operation must not straddle a multiple of
    // `registered_piece`.
    result<> register_memory(std::span<std::byte> memory);

    // The kernel's index of the registered piece that holds `data`, or -1.
    [[nodiscard]] int registered_index(const std::byte* data) const;

    [[nodiscard]] int fd() const { return ring_.ring_fd; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

    static constexpr std::size_t registered_piece = std::size_t{1} << 30U;

  private:
    result<> set_up(options o, unsigned flags);
    [[nodiscard]] io_uring_sqe& next_entry();

    io_uring ring_{};
    bool open_ = false;
    std::size_t in_flight_ = 0;
    std::span<std::byte> registered_;
    std::unique_ptr<ring> polled_;
};

// An operation that somebody awaits: `Prepare` fills the submission entry when the wait begins.
template <class Prepare>
class [[nodiscard]] awaited_operation final : public operation {
  public:
    explicit awaited_operation(Prepare prepare, ring& through = ring::current())
        : prepare_(prepare), ring_(through) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        waiter_ = h;
        prepare_(ring_.prepare(*this));
    }
    // The kernel's non-negative result, or its errno.
    result<std::uint32_t> await_resume() const {
        if (outcome_ < 0) return fail_errno(-outcome_);
        return static_cast<std::uint32_t>(outcome_);
    }

    void complete(std::int32_t outcome, std::uint32_t /*flags*/) override {
        outcome_ = outcome;
        scheduler::current().post(waiter_);
    }

  private:
    Prepare prepare_;
    ring& ring_;
    std::int32_t outcome_ = 0;
    std::coroutine_handle<> waiter_;
};

}  // namespace lode::engine
