#include "engine/runtime/timers.h"

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {

void timer::arm(time_point due) {
    if (armed() && due == due_) return;
    disarm();
    if (due != never) scheduler::current().timers().insert(*this, due);
}

void timer::disarm() {
    if (armed()) heap_->remove(*this);
}

timer_heap::~timer_heap() {
    for (timer* t : heap_) t->heap_ = nullptr;
}

void timer_heap::insert(timer& t, time_point due) {
    LODE_ASSERT(!t.armed());
    t.heap_ = this;
    t.due_ = due;
    heap_.push_back(&t);
    place(heap_.size() - 1, &t);
    sift_up(heap_.size() - 1);
}

void timer_heap::remove(timer& t) {
    LODE_ASSERT(t.heap_ == this && heap_[t.index_] == &t);
    const std::size_t hole = t.index_;
    t.heap_ = nullptr;
    timer* last = heap_.back();
    heap_.pop_back();
    if (last == &t) return;
    place(hole, last);
    sift_up(hole);
    sift_down(last->index_);
}

void timer_heap::expire(time_point now) {
    // Bounded by what is armed now: a callback that arms for the past must not keep us here.
    for (std::size_t rounds = heap_.size(); rounds > 0 && next_due() <= now; --rounds) {
        timer& t = *heap_.front();
        remove(t);
        t.fire_(t.owner_);
    }
}

void timer_heap::place(std::size_t index, timer* t) {
    heap_[index] = t;
    t->index_ = index;
}

void timer_heap::sift_up(std::size_t index) {
    timer* moving = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->due_ <= moving->due_) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, moving);
}

void timer_heap::sift_down(std::size_t index) {
    timer* moving = heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
        if (moving->due_ <= heap_[child]->due_) break;
        place(index, heap_[child]);
        index = child;
    }
    place(index, moving);
}

}  // namespace lode::engine
