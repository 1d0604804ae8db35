// Parts that another node has: read from it, and sent on without being kept.
#include <utility>

#include "engine/runtime/started.h"
#include "frontend/cached_answer.h"
#include "frontend/clustering.h"

namespace lode::frontend {
namespace {

// Fewer bytes of a peer are copied: that takes fewer calls.
constexpr bytes worth_a_pipe{std::uint64_t{256} << 10U};

}  // namespace

engine::task<result<>> cached_answer::begin_away(findings& found) {
    if (!go_away()) co_return fail(errc::not_found);
    const auto answer = co_await away_->open();
    result<> got;
    if (answer) {
        got = co_await gather_from_peer(answer->word);
    } else {
        got = std::unexpected(answer.error());
    }
    if (!got) {
        away_.reset();
        relay_.reset();
        stays_ = walk_.part().index;
        co_return got;
    }
    found.saw(answer->word, answer->detail);
    (void)co_await prepare();
    co_return result<>{};
}

// A client's send costs more than a peer's bytes take to arrive, so that a hit that fits is sent at once. What
// the peer still fetches is passed on as it comes.
engine::task<result<>> cached_answer::gather_from_peer(cache_word word) {
    auto [came, room] = away_->take_ahead();
    while (came.empty() || (word == cache_word::hit && !room.empty() && away_->left() > bytes(0))) {
        const auto into = came.empty() ? half(0) : room;
        const auto got = co_await away_->read(into);
        if (!got) co_return std::unexpected(got.error());
        if (came.empty()) {
            came = into.first(*got);
            break;
        }
        came = {came.data(), came.size() + *got};
        room = room.subspan(*got);
    }
    arrived_ = came;
    co_return result<>{};
}

engine::task<bool> cached_answer::send_from_peer() {
    engine::started<result<std::size_t>> next;
    std::span<const std::byte> data = std::exchange(arrived_, {});
    result<std::size_t> got = data.size();
    if (data.empty()) {
        got = co_await away_->read(half(0));
        if (got) data = half(0).first(*got);
    }
    result<> sent;
    if (auto past = pipe_for_peer()) co_await pass_from_peer(*past, data, got, sent);
    for (unsigned turn = 1; sent && got && *got > 0; ++turn) {
        const bool last = away_->left() == bytes(0);
        const auto into = last ? std::span<std::byte>() : half(turn);
        next.start(away_->read(into));
        sent = co_await send(data);
        got = co_await next;
        if (got) data = into.first(*got);
        if (sent && next_is_due()) (void)co_await prepare();
    }
    const object_offset reached = walk_.part().begins + bytes(away_->position().value());
    away_.reset();
    relay_.reset();
    if (!got && got.error().code == errc::changed) {
        co_await here_.gateway.forget(request_.name);
        sent = fail(errc::changed);
    }
    if (!sent) out_.break_off();
    if (!sent || reached == wanted_.end) co_return false;
    walk_ = chunk_walk(*version_, reached, wanted_.end);
    sent_to_ = walk_.first_in_chunk();
    if (got) {
        (void)co_await prepare();
        if (go_away()) co_return true;
    } else {
        stays_ = walk_.part().index;
    }
    co_return co_await take(co_await read(walk_, sent_to_));
}

std::optional<engine::pipe> cached_answer::pipe_for_peer() const {
    if (away_->left() < worth_a_pipe || !out_.is_plain() || !away_->is_plain()) return std::nullopt;
    return engine::pipe::take();
}

// The sockets hold what comes meanwhile, so that nothing is read ahead of the client here, and what has been
// read when a peer breaks off has been sent.
engine::task<void> cached_answer::pass_from_peer(engine::pipe& past,
                                                 std::span<const std::byte> data,
                                                 result<std::size_t>& got, result<>& sent) {
    while (got && *got > 0) {
        if (past.held() > 0) {
            sent = co_await out_.send(past);
        } else {
            sent = co_await send(data);
        }
        if (!sent) co_return;
        if (next_is_due()) (void)co_await prepare();
        got = co_await away_->read(half(0), &past);
        if (got && past.held() == 0) data = half(0).first(*got);
    }
}

std::span<std::byte> cached_answer::half(unsigned turn) {
    if (!relay_) relay_.emplace(here_.buffers.take());
    const auto all = relay_->memory();
    const std::size_t size = all.size() / 2;
    return turn % 2 == 0 ? all.first(size) : all.subspan(size, size);
}

peer::peer_ptr cached_answer::peer_for(const part_slice& slice) const {
    if (slice.index == stays_) return nullptr;
    return frontend::peer_for(here_, request_, slice.stored.id);
}

peer::part_question cached_answer::question_about(const part_slice& slice) const {
    peer::part_question q = peer::question_about(request_.name, *version_, slice.index);
    q.first = slice.first;
    q.end = slice.end;
    return q;
}

bool cached_answer::go_away() {
    peer::peer_ptr peer = peer_for(walk_.part());
    if (peer == nullptr) return false;
    peer::part_question q = question_about(walk_.part());
    q.first = walk_.chunk_begin() + bytes(sent_to_);
    const bool is_short = q.end - q.first < worth_a_pipe;
    away_.emplace(here_.cluster->peers, std::move(q), std::move(peer),
                  peer::part_reading::others::may_be_asked, is_short ? &here_.buffers : nullptr);
    return true;
}

}  // namespace lode::frontend
