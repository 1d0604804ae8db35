#include "engine/runtime/simulated_stream.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/assert.h"

namespace lode::engine {

std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> simulated_stream::make_pair(options o) {
    auto wire = std::make_shared<shared>();
    wire->o = o;
    return {std::unique_ptr<stream>(new simulated_stream(wire, 0)),
            std::unique_ptr<stream>(new simulated_stream(wire, 1))};
}

simulated_stream::~simulated_stream() { LODE_ASSERT(closed_); }

result<> simulated_stream::broken() const {
    if (aborted_) return fail(errc::cancelled);
    if (wire_->reset) return fail(errc::closed, ECONNRESET);
    if (deadline_ <= now()) return fail(errc::timed_out);
    return {};
}

task<result<std::size_t>> simulated_stream::receive(std::span<std::byte> into) {
    LODE_ASSERT(!into.empty() && !closed_);
    co_await sleep_for(wire_->o.latency);
    one_way& way = incoming();
    for (;;) {
        if (auto ok = broken(); !ok) co_return std::unexpected(ok.error());
        if (!way.bytes.empty()) break;
        if (way.ended) co_return std::size_t{0};
        (void)co_await way.changed.wait(deadline_);
    }
    std::size_t count = std::min(into.size(), way.bytes.size());
    if (wire_->o.fragments == options::fragments::random) {
        count = 1 + scheduler::current().chance().below(count);
    }
    const auto end = way.bytes.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(way.bytes.begin(), end, into.begin());
    way.bytes.erase(way.bytes.begin(), end);
    way.changed.notify_all();
    co_return count;
}

task<result<>> simulated_stream::send(std::span<iovec> pieces) {
    LODE_ASSERT(!closed_);
    co_await sleep_for(wire_->o.latency);
    one_way& way = outgoing();
    for (const iovec& piece : pieces) {
        const auto* from = static_cast<const std::byte*>(piece.iov_base);
        for (std::size_t done = 0; done < piece.iov_len;) {
            if (auto ok = broken(); !ok) co_return ok;
            if (way.ended || way.reader_gone) co_return fail(errc::closed, EPIPE);
            std::size_t room = wire_->o.buffer - std::min(wire_->o.buffer, way.bytes.size());
            room = std::min({room, piece.iov_len - done,
                             static_cast<std::size_t>(wire_->o.reset_after - wire_->sent)});
            if (wire_->o.reset_after == wire_->sent) {
                reset();
                continue;
            }
            if (room == 0) {
                (void)co_await way.changed.wait(deadline_);
                continue;
            }
            way.bytes.insert(way.bytes.end(), from + done, from + done + room);
            done += room;
            wire_->sent += room;
            way.changed.notify_all();
        }
    }
    co_return result<>{};
}

task<result<>> simulated_stream::finish_sending() {
    co_await sleep_for(wire_->o.latency);
    outgoing().ended = true;
    outgoing().changed.notify_all();
    co_return broken();
}

void simulated_stream::reset() {
    wire_->reset = true;
    for (one_way& way : wire_->ways) {
        way.bytes.clear();
        way.changed.notify_all();
    }
}

void simulated_stream::abort() {
    aborted_ = true;
    for (one_way& way : wire_->ways) way.changed.notify_all();
}

task<void> simulated_stream::close() {
    if (std::exchange(closed_, true)) co_return;
    // As TCP does: bytes we never read turn our close into a reset for the other side.
    if (!incoming().bytes.empty()) reset();
    incoming().reader_gone = true;
    outgoing().ended = true;
    outgoing().changed.notify_all();
    incoming().changed.notify_all();
}

}  // namespace lode::engine
