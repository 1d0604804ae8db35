#include "engine/store/fill.h"

#include "engine/base/assert.h"
#include "engine/store/home.h"

namespace lode::engine {

task<result<>> fill::run() {
    auto done = co_await fetch_runs();
    if (!done) give_up(done.error());
    co_return done;
}

task<result<>> fill::fetch_runs() {
    while (run_ < runs_.size()) {
        const std::size_t current = run_;
        const chunk_range run = runs_[current];
        const part_offset begin = chunk_begin(run.first);
        const part_offset end =
            std::min(chunk_begin(run.first + run.count), part_offset(part_length_.count()));
        auto fetched = co_await source_->fetch(begin, end - begin, *this);
        if (!fetched) co_return fetched;
        // room() refuses more than was asked for, but a source may end too soon.
        if (runs_[current].count > 0) co_return fail(errc::protocol);
        ++run_;
    }
    co_return result<>{};
}

task<result<std::span<std::byte>>> fill::room() {
    const chunk_range& run = runs_[run_];
    if (run.count == 0) co_return fail(errc::too_large);
    const bytes length = chunk_length(part_length_, run.first);
    if (frame_ == nullptr) {
        auto got = co_await owner_.frame_for_fill(size_class::holding(length));
        if (!got) co_return std::unexpected(got.error());
        frame_ = *got;
        frame_->part = ref_;
        frame_->chunk = run.first;
    }
    co_return owner_.memory_of(*frame_).first(length.count()).subspan(filled_);
}

void fill::advance(std::size_t n) {
    if (n == 0) return;
    chunk_range& run = runs_[run_];
    LODE_ASSERT(frame_ != nullptr && run.count > 0);
    const bytes length = chunk_length(part_length_, run.first);
    filled_ += n;
    LODE_ASSERT(filled_ <= length.count());
    if (filled_ < length.count()) return;
    ++run.first;
    --run.count;
    filled_ = 0;
    resident& complete = *std::exchange(frame_, nullptr);
    owner_.publish(complete);
    owner_.unpin(complete);
}

void fill::give_up(error why) {
    if (frame_ != nullptr) owner_.unpin(*std::exchange(frame_, nullptr));
    for (; run_ < runs_.size(); ++run_) {
        const chunk_range& run = runs_[run_];
        for (std::uint32_t i = 0; i < run.count; ++i) owner_.unmark(ref_, run.first + i, why);
    }
}

}  // namespace lode::engine
