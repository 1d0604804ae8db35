#include "frontend/peer/part_call.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"

namespace lode::frontend::peer {
namespace {

using cluster::peer_failure;
using freshness = http::connection_pool::freshness;

// Of a hit, so many bytes are waited for at a time: enough to make waking up cheap, and little beside what a
// socket holds.
constexpr std::size_t gathered_most = std::size_t{128} << 10U;

// What a peer has comes without long pauses. One that died is suspected sooner; this is for a connection
// over which nothing comes any more while the peer is well, and for a device that stalls.
constexpr duration hit_patience = std::chrono::seconds(2);

}  // namespace

part_call::~part_call() {
    if (lease_) leave({.code = errc::cancelled});
}

engine::task<result<part_answer>> part_call::ask(const part_question& q) {
    peer_node& peer = *peer_;
    const time_point begun = engine::now();
    if (abandoned_ || !peer.health.may_ask(begun)) co_return fail(errc::unavailable);
    asked_ = peer.health.ask(begun);
    // No client waits for what has no bytes; and who asks elsewhere too soon has a part brought in twice.
    const bool in_haste = wants_bytes(q);
    const time_point until =
        begun + (in_haste ? peer.health.deadline(begun) : cluster::health_rules::deadline_max);
    peer.counts.asked.add();
    for (const freshness f : {freshness::any, freshness::fresh}) {
        auto lease = co_await peer.pool.acquire(until, f);
        if (!lease || abandoned_) {
            // That all of our own connections are in use says nothing about the peer; and little, that there
            // was no time left to dial.
            const time_point now = engine::now();
            const bool unreachable = !lease && lease.error().code == errc::unavailable;
            if (unreachable) {
                peer.counts.failed.add();
                peer.health.failed(asked_, now,
                                   now < until ? peer_failure::unreachable : peer_failure::late);
            } else {
                peer.health.dropped(asked_, now);
            }
            co_return fail(unreachable ? errc::unavailable : errc::cancelled);
        }
        heard_ = engine::now();
        lease_.emplace(std::move(*lease));
        peer.calls.push_back(*this);
        auto answer = co_await converse(q, until);
        if (answer) {
            peer.counts.answered.add();
            peer.health.answered(asked_, engine::now());
            co_return answer;
        }
        if (f == freshness::any && !abandoned_ && was_stale(**lease_, answer.error())) {
            let_go(false);
            continue;
        }
        leave(answer.error());
        co_return answer;
    }
    co_return fail(errc::unavailable);
}

engine::task<result<part_answer>> part_call::converse(const part_question& q, time_point until) {
    const auto reply = co_await peer::ask(**lease_, q, until, memory());
    if (!reply) co_return std::unexpected(reply.error());
    heard_ = engine::now();
    peer_->heard(reply->said);
    all_.told(*peer_, reply->said);
    word_ = reply->said.word;
    if (reply->status == 200 || reply->status == 206) co_return reply->said;
    const errc why = meaning_of(reply->status);
    refused_ = why != errc::protocol;
    co_return fail(why);
}

std::span<std::byte> part_call::take_ahead() {
    LODE_ASSERT(lease_);
    const auto came = (*lease_)->reader().take_body_ahead();
    peer_->counts.bytes_in.add(came.size());
    return came;
}

engine::task<result<std::size_t>> part_call::read(std::span<std::byte> into, bytes left,
                                                  engine::pipe* past) {
    LODE_ASSERT(lease_ && left > bytes(0));
    engine::stream& stream = (*lease_)->stream();
    stream.expire_at(engine::now() + patience());
    const std::size_t gathered =
        std::min<std::uint64_t>({left.count(), into.size(), gathered_most});
    stream.wait_for_at_least(word_ == cache_word::hit ? gathered : 1);
    auto got = co_await receive(into, left, past);
    if (got && *got == 0) got = fail(errc::closed);
    if (!got) {
        peer_->counts.broken_off.add();
        leave(got.error());
        co_return got;
    }
    heard_ = engine::now();
    peer_->health.heard_from(heard_);
    peer_->counts.bytes_in.add(*got);
    co_return got;
}

engine::task<result<std::size_t>> part_call::receive(std::span<std::byte> into, bytes left,
                                                     engine::pipe* past) {
    http::message_reader& reader = (*lease_)->reader();
    const bytes direct = std::min(left, reader.body_in_stream());
    if (past == nullptr || direct == bytes(0) || !is_plain()) {
        co_return co_await reader.read_body(into);
    }
    auto& socket = static_cast<engine::tcp_socket&>((*lease_)->stream());
    auto got = co_await past->fill(socket, direct.count());
    if (got) reader.body_taken(bytes(*got));
    co_return got;
}

bool part_call::is_plain() const {
    return lease_ && dynamic_cast<engine::tcp_socket*>(&(*lease_)->stream()) != nullptr;
}

// Bytes that the peer has to fetch come as late as the origin sends them.
duration part_call::patience() const {
    return word_ == cache_word::hit ? hit_patience : all_.origin_patience();
}

// For better or worse.
void part_call::leave(error why) {
    const time_point now = engine::now();
    peer_node& peer = *peer_;
    const bool silent = abandoned_ == reason::silence;
    const bool ours = why.code == errc::too_large || (why.code == errc::cancelled && !silent);
    const bool late = why.code == errc::timed_out || silent;
    if (refused_) {
        peer.counts.refused.add();
        if (why.code == errc::overloaded) {
            peer.health.overloaded(asked_, now);
        } else {
            peer.health.answered(asked_, now);
        }
    } else if (ours) {
        peer.health.dropped(asked_, now);
    } else if (!asked_.open && word_ != cache_word::hit && !silent) {
        // It had to fetch the bytes, and what broke off may be the origin's answer. A probe tells more.
        peer.health.dropped(asked_, now);
        peer.health.doubt();
    } else {
        peer.counts.failed.add();
        peer.health.failed(asked_, now, late ? peer_failure::late : peer_failure::broken);
    }
    let_go(refused_);
}

// `whole`: what was said is complete, so that the connection can carry the next question.
void part_call::let_go(bool whole) {
    unlink();
    engine::stream& stream = (*lease_)->stream();
    stream.wait_for_at_least(1);
    if (whole && (*lease_)->reader().body_complete()) {
        stream.expire_at(never);
        lease_->keep();
    }
    lease_.reset();
}

void part_call::end() {
    if (lease_) let_go(true);
}

void part_call::abandon(reason why) {
    abandoned_ = why;
    if (lease_) (*lease_)->stream().abort();
}

}  // namespace lode::frontend::peer
