#include "engine/runtime/scheduler.h"

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr std::size_t initial_slots = 1024;

thread_local scheduler* current_scheduler = nullptr;  // NOLINT

}  // namespace

ready_queue::ready_queue() : slots_(initial_slots) {}

void ready_queue::push(std::coroutine_handle<> ready) {
    LODE_ASSERT(ready);
    if (count_ == slots_.size()) {
        std::vector<std::coroutine_handle<>> larger(slots_.size() * 2);
        for (std::size_t i = 0; i < count_; ++i) {
            larger[i] = slots_[(head_ + i) & (slots_.size() - 1)];
        }
        slots_.swap(larger);
        head_ = 0;
    }
    slots_[(head_ + count_) & (slots_.size() - 1)] = ready;
    ++count_;
}

std::size_t ready_queue::run(std::size_t batch) {
    std::size_t ran = 0;
    for (std::size_t limit = count_ < batch ? count_ : batch; ran < limit; ++ran) {
        const std::coroutine_handle<> next = slots_[head_];
        head_ = (head_ + 1) & (slots_.size() - 1);
        --count_;
        next.resume();
    }
    return ran;
}

scheduler::~scheduler() {
    if (current_scheduler == this) current_scheduler = nullptr;
}

void scheduler::enter() { current_scheduler = this; }

scheduler& scheduler::current() {
    LODE_ASSERT(current_scheduler != nullptr);
    return *current_scheduler;
}

}  // namespace lode::engine
