// engine/runtime/mailbox.h
//
// How cores talk: one bounded single-producer, single-consumer channel from each core to each
// other. A message is a function with an object and a number; it runs on the receiver, from its
// loop.
//
//   Core        `post` is called on the sender, `drain` on the receiver.
//   Memory      1,024 messages per channel, at start; a full channel makes its sender keep a
//               backlog.
//   Invariants  Messages of one sender arrive in order; none is lost or run twice.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/units.h"

namespace lode::engine {

struct message {
    void (*run)(void* object, std::uint64_t argument);
    void* object;
    std::uint64_t argument;
};

// Lamport's ring buffer with cached indices, so that the cores share a cache line only when it
// matters.
class channel {
  public:
    [[nodiscard]] bool try_push(const message& m);
    [[nodiscard]] bool try_pop(message& m);
    [[nodiscard]] bool empty() const;

    static constexpr std::size_t capacity = 1024;

  private:
    std::array<message, capacity> slots_{};
    alignas(64) std::atomic<std::uint64_t> tail_{0};  // the sender's
    std::uint64_t head_seen_ = 0;
    alignas(64) std::atomic<std::uint64_t> head_{0};  // the receiver's
    std::uint64_t tail_seen_ = 0;
};

// All channels of a group of cores, and who sleeps. Shared by the group; each part has one writer.
class mail_system {
  public:
    explicit mail_system(std::size_t cores);

    [[nodiscard]] std::size_t cores() const { return desks_.size(); }

  private:
    friend class mailbox;

    struct alignas(64) desk {
        std::atomic<bool> asleep{false};
        std::atomic<int> ring_fd{-1};
        std::vector<std::unique_ptr<channel>> from;  // one per sender
    };

    std::vector<std::unique_ptr<desk>> desks_;
};

// One core's end of it.
class mailbox {
  public:
    mailbox(mail_system& mail, core_id self);

    // The ring through which this core can be woken; announced before the first sleep.
    void announce(int ring_fd);

    void post(core_id to, message m);

    // Runs what has arrived. Returns how many ran.
    std::size_t drain();

    // Pushes what did not fit before, and calls `wake(ring_fd)` for each receiver that sleeps.
    template <class Wake>
    void flush(Wake wake) {
        for (std::size_t to = 0; to < mail_.cores(); ++to) {
            if (!outbox_[to].dirty) continue;
            push_backlog(to);
            std::atomic_thread_fence(std::memory_order_seq_cst);
            auto& desk = *mail_.desks_[to];
            if (desk.asleep.load(std::memory_order_relaxed) && desk.asleep.exchange(false)) {
                wake(desk.ring_fd.load(std::memory_order_relaxed));
            }
        }
    }

    // True when it is safe to sleep: announces the intention first, then looks once more.
    [[nodiscard]] bool try_sleep();
    void woke();

    // A backlog waits for a receiver to make room; nobody tells us when, so do not sleep long.
    [[nodiscard]] bool has_backlog() const;

  private:
    struct outgoing {
        bool dirty = false;
        std::deque<message> backlog;
    };

    void push_backlog(std::size_t to);

    mail_system& mail_;
    core_id self_;
    std::vector<outgoing> outbox_;
};

}  // namespace lode::engine
