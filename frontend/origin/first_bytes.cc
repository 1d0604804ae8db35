#include "frontend/origin/first_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/assert.h"

namespace lode::frontend::origin {

first_bytes_memory::buffer first_bytes_memory::take() {
    if (lent_ == lent_max) return {nullptr, give_back{this}};
    ++lent_;
    if (kept_.empty()) return {new std::byte[first_bytes::most], give_back{this}};
    auto memory = std::move(kept_.back());
    kept_.pop_back();
    return {memory.release(), give_back{this}};
}

void first_bytes_memory::take_back(std::byte* memory) {
    LODE_ASSERT(lent_ > 0);
    --lent_;
    kept_.emplace_back(memory);
}

engine::task<std::size_t> first_bytes::read(std::span<std::byte> into) {
    if (gathered_ == nullptr) co_return co_await receive(into);
    const std::size_t count = std::min(into.size(), filled_ - read_);
    std::memcpy(into.data(), gathered_.get() + read_, count);
    read_ += count;
    if (read_ == filled_) gathered_.reset();
    co_return count;
}

engine::task<result<>> first_bytes::gather(first_bytes_memory& spare) {
    LODE_ASSERT(length().count() <= most && gathered_ == nullptr);
    auto memory = spare.take();
    if (memory == nullptr) co_return co_await drop();
    const std::span<std::byte> room(memory.get(), length().count());
    while (filled_ < room.size()) {
        const std::size_t count = co_await receive(room.subspan(filled_));
        if (count == 0) break;
        filled_ += count;
    }
    if (filled_ > 0) gathered_ = std::move(memory);
    co_return result<>{};
}

engine::task<result<>> first_bytes::drop() {
    gathered_.reset();
    if (answer_) co_await answer_->discard();
    answer_.reset();
    co_return result<>{};
}

engine::task<std::size_t> first_bytes::receive(std::span<std::byte> into) {
    if (!answer_) co_return 0;
    answer_->expect_progress();
    const auto got = co_await answer_->reader().read_body(into);
    if (!got) answer_->blame(got.error());
    if (!got || answer_->reader().body_complete()) {
        answer_->finish();
        answer_.reset();
    }
    co_return got.value_or(0);
}

}  // namespace lode::frontend::origin
