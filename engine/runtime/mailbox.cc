#include "engine/runtime/mailbox.h"

#include "engine/base/assert.h"

namespace lode::engine {

bool channel::try_push(const message& m) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ == capacity) {
        head_seen_ = head_.load(std::memory_order_acquire);
        if (tail - head_seen_ == capacity) return false;
    }
    slots_[tail % capacity] = m;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
}

bool channel::try_pop(message& m) {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
        tail_seen_ = tail_.load(std::memory_order_acquire);
        if (head == tail_seen_) return false;
    }
    m = slots_[head % capacity];
    head_.store(head + 1, std::memory_order_release);
    return true;
}

bool channel::empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
}

mail_system::mail_system(std::size_t cores) {
    for (std::size_t to = 0; to < cores; ++to) {
        auto made = std::make_unique<desk>();
        for (std::size_t from = 0; from < cores; ++from) {
            made->from.push_back(from == to ? nullptr : std::make_unique<channel>());
        }
        desks_.push_back(std::move(made));
    }
}

mailbox::mailbox(mail_system& mail, core_id self)
    : mail_(mail), self_(self), outbox_(mail.cores()) {
    LODE_ASSERT(self.value() < mail.cores());
}

void mailbox::announce(int ring_fd) { mail_.desks_[self_.value()]->ring_fd.store(ring_fd); }

void mailbox::post(core_id to, message m) {
    LODE_ASSERT(to != self_);
    outgoing& out = outbox_[to.value()];
    out.dirty = true;
    // Behind a backlog only, else messages would overtake each other.
    if (!out.backlog.empty() || !mail_.desks_[to.value()]->from[self_.value()]->try_push(m)) {
        out.backlog.push_back(m);
    }
}

void mailbox::push_backlog(std::size_t to) {
    outgoing& out = outbox_[to];
    channel& c = *mail_.desks_[to]->from[self_.value()];
    while (!out.backlog.empty() && c.try_push(out.backlog.front())) out.backlog.pop_front();
    out.dirty = !out.backlog.empty();
}

std::size_t mailbox::drain() {
    std::size_t ran = 0;
    for (const auto& c : mail_.desks_[self_.value()]->from) {
        if (c == nullptr) continue;
        message m{};
        // Bounded, so that a busy sender cannot keep this core from its own work.
        for (std::size_t i = 0; i < channel::capacity && c->try_pop(m); ++i, ++ran) {
            m.run(m.object, m.argument);
        }
    }
    return ran;
}

bool mailbox::try_sleep() {
    mail_system::desk& mine = *mail_.desks_[self_.value()];
    mine.asleep.store(true, std::memory_order_relaxed);
    // Pairs with the fence in flush(): either the sender sees us asleep, or we see its message.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (const auto& c : mine.from) {
        if (c != nullptr && !c->empty()) {
            woke();
            return false;
        }
    }
    return true;
}

void mailbox::woke() {
    mail_.desks_[self_.value()]->asleep.store(false, std::memory_order_relaxed);
}

bool mailbox::has_backlog() const {
    for (const outgoing& out : outbox_) {
        if (!out.backlog.empty()) return true;
    }
    return false;
}

}  // namespace lode::engine
