#include "frontend/origin/reachability.h"

#include "engine/base/log.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::origin {

void reachability::start(const by_core& everyone, std::size_t self) {
    everyone_ = &everyone;
    self_ = self;
}

void reachability::doubt() {
    const time_point now = engine::now();
    if (everyone_ == nullptr || closing_ || cut_off_ || now < next_doubt_) return;
    next_doubt_ = now + doubts_apart;
    if (self_ == 0) {
        look();
    } else {
        background_.spawn(ask_first_core());
    }
}

engine::task<void> reachability::ask_first_core() {
    reachability* first = everyone_->front();
    co_await engine::on_core(core_id(0), [first] { first->look(); });
}

void reachability::look() {
    if (looking_ || closing_ || calls_ == nullptr || engine::now() < next_look_) return;
    looking_ = true;
    background_.spawn(find_out());
}

engine::task<void> reachability::find_out() {
    for (;;) {
        const std::uint64_t before = heard_by_all();
        const bool there = co_await call() || heard_by_all() != before;
        if (closing_) break;
        if (there == cut_off_) co_await tell(!there);
        if (there) break;
        (void)co_await wake_.wait(engine::now() + calls_apart);
        if (closing_) break;
    }
    looking_ = false;
    next_look_ = engine::now() + well_for;
}

engine::task<bool> reachability::call() {
    const time_point begun = engine::now();
    for (const int half : {1, 2}) {
        auto made = co_await calls_->dial(begun + call_patience / 2 * half);
        if (made) {
            made->stream->abort();
            co_await made->stream->close();
            co_return true;
        }
        // Who refuses may be about to start again.
        (void)co_await wake_.wait(begun + call_patience / 2 * half);
        if (closing_) break;
    }
    co_return false;
}

engine::task<void> reachability::tell(bool cut_off) {
    if (cut_off) {
        log::warning(
            "{} accepts no connections from here: what other nodes want and this one has not, they "
            "have to fetch themselves",
            name_);
    } else {
        log::info("{} can be reached again", name_);
    }
    for (std::size_t core = 0; core < everyone_->size(); ++core) {
        reachability* there = (*everyone_)[core];
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [there, cut_off] { there->cut_off_ = cut_off; });
    }
}

std::uint64_t reachability::heard_by_all() const {
    std::uint64_t sum = 0;
    for (const reachability* each : *everyone_) sum += each->heard_.value();
    return sum;
}

engine::task<void> reachability::close() {
    closing_ = true;
    wake_.notify_all();
    co_await background_.close();
}

}  // namespace lode::frontend::origin
