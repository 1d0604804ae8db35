#include "frontend/peer/peer_source.h"

#include "engine/runtime/core.h"

namespace lode::frontend::peer {

engine::task<result<>> peer_source::fetch(part_offset first, bytes length,
                                          engine::fill_sink& sink) {
    engine::core* core = engine::core::current_or_null();
    peers& here = *all_.at(core == nullptr ? 0 : core->self().value());
    const part_offset end = first + length;
    part_offset reached = first;
    if (peer_ptr owner = here.owner_of(question_.id)) {
        part_question q = question_;
        q.first = first;
        q.end = end;
        part_reading reading(here, std::move(q), std::move(owner),
                             part_reading::others::do_not_count);
        job j(reading);
        jobs_.push_back(j);
        const auto copied = co_await copy(reading, sink, end);
        reached = reading.position();
        // What the sink said is not the peer's fault.
        if (copied || aborted_) co_return copied;
    }
    co_return co_await origin_->fetch(reached, end - reached, sink);
}

engine::task<result<>> peer_source::copy(part_reading& from, engine::fill_sink& sink,
                                         part_offset end) {
    if (auto answer = co_await from.open(); !answer) co_return std::unexpected(answer.error());
    while (from.position() < end) {
        auto room = co_await sink.room();
        if (!room) co_return std::unexpected(room.error());
        auto got = co_await from.read(*room);
        if (!got) co_return std::unexpected(got.error());
        sink.advance(*got);
    }
    from.end();
    co_return result<>{};
}

void peer_source::abort() {
    aborted_ = true;
    for (job* j = jobs_.empty() ? nullptr : &jobs_.front(); j != nullptr; j = jobs_.next_of(*j)) {
        j->reading.abort();
    }
    origin_->abort();
}

}  // namespace lode::frontend::peer
