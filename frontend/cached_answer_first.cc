// The beginning of an answer that came with the gateway's word, while the rest is being fetched.
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/cached_answer.h"

namespace lode::frontend {

engine::task<result<cached_answer::begun>> cached_answer::begin_with_first_bytes(findings& found) {
    if (first_ == nullptr) co_return begun::nothing;
    if (is_all_of_a_part()) {
        if (auto lease = co_await take_in(found)) {
            lease_ = std::move(*lease);
            co_return begun::nothing;
        }
    }
    if (auto seen = co_await look(found); !seen) co_return std::unexpected(seen.error());
    if (found.word() == cache_word::hit) co_return begun::nothing;
    co_return co_await send_first_bytes(found);
}

bool cached_answer::is_all_of_a_part() const {
    const bytes length = walk_.part().plain.length;
    return walk_.parts_left() == 1 && engine::chunk_count(length) == 1 &&
           bytes(walk_.end_in_chunk() - walk_.first_in_chunk()) == length &&
           first_->length() == length;
}

engine::task<result<engine::chunk_lease>> cached_answer::take_in(findings& found) {
    auto claim = co_await here_.node.store.claim(walk_.part().stored, walk_.chunk());
    if (!claim) co_return std::unexpected(claim.error());
    for (auto room = claim->memory(); !room.empty();) {
        const std::size_t came = co_await first_->read(room);
        if (came == 0) co_return fail(errc::closed);
        room = room.subspan(came);
    }
    found.filled_for_us = true;
    co_return claim->publish();
}

engine::task<cached_answer::begun> cached_answer::send_first_bytes(const findings& found) {
    given_ = wanted_.first + first_->length();
    engine::started<result<>> preparing;
    preparing.start(prepare());
    const object_offset until = co_await pass_on_first_bytes(found);
    (void)co_await preparing;
    given_ = until;
    if (until == wanted_.first) co_return begun::nothing;
    if (!out_.record().complete) co_return begun::ended;
    while (!walk_.at_end() && end_of_chunk() <= given_) walk_.next_chunk();
    if (walk_.at_end()) co_return begun::ended;
    sent_to_ = (given_ - begin_of_chunk()).count();
    co_return begun::some;
}

engine::task<object_offset> cached_answer::pass_on_first_bytes(const findings& found) {
    const http::relay_buffers::buffer buffer = here_.buffers.take();
    object_offset at = wanted_.first;
    while (const std::size_t came = co_await first_->read(buffer.memory())) {
        if (at == wanted_.first) write_head(found);
        at = at + bytes(came);
        auto sent = co_await send(buffer.memory().first(came));
        if (!sent) {
            out_.break_off();
            break;
        }
    }
    co_return at;
}

}  // namespace lode::frontend
