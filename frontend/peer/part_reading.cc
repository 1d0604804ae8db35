#include "frontend/peer/part_reading.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend::peer {
namespace {

// Of a hit, so many bytes are waited for at a time: enough to make waking up cheap, and little beside what a
// socket holds.
constexpr std::size_t gathered_most = std::size_t{128} << 10U;

using freshness = http::connection_pool::freshness;

// A device that stalls is given up by the peer itself; a peer that died is suspected long before.
constexpr duration hit_patience = std::chrono::seconds(10);

// A server may have left an idle connection at the moment when it was used again.
bool was_stale(const http::client_connection& c, http::message_reader& reader, const error& why) {
    const bool ended = why.code == errc::closed || (why.code == errc::io && why.sys != 0);
    return c.reused() && !reader.head_begun() && ended;
}

}  // namespace

part_reading::part_reading(peers& all, part_question q, peer_ptr first_asked, others o)
    : all_(all),
      question_(std::move(q)),
      others_(o),
      next_(std::move(first_asked)),
      heard_(engine::now()) {}

part_reading::~part_reading() {
    if (lease_) leave({.code = errc::cancelled});
}

engine::task<result<part_answer>> part_reading::open() {
    result<part_answer> answer = fail(errc::unavailable);
    while (next_ != nullptr && tried_count_ < tried_.size()) {
        at_ = std::move(next_);
        tried_[tried_count_++] = at_.get();
        answer = co_await ask();
        if (answer) co_return answer;
        const errc why = answer.error().code;
        if (why == errc::changed || why == errc::not_found || all_.closing()) co_return answer;
        if (others_ == others::do_not_count) co_return answer;
        next_ = all_.choose(question_.id, std::span(tried_).first(tried_count_));
    }
    co_return fail(errc::unavailable);
}

engine::task<result<part_answer>> part_reading::ask() {
    peer_node& peer = *at_;
    const time_point begun = engine::now();
    if (!peer.health.may_ask(begun)) co_return fail(errc::unavailable);
    asked_ = peer.health.ask(begun);
    const time_point until = begun + peer.health.deadline(begun);
    peer.counts.asked.add();
    question_.spread = all_.spread_of(question_.id);
    for (const freshness f : {freshness::any, freshness::fresh}) {
        auto lease = co_await peer.pool.acquire(until, f);
        if (!lease) {
            // That all of our own connections are in use says nothing about the peer.
            if (lease.error().code == errc::unavailable) {
                peer.counts.failed.add();
                peer.health.failed(asked_, engine::now(), cluster::peer_failure::unreachable);
            } else {
                peer.health.dropped(asked_, engine::now());
            }
            co_return std::unexpected(lease.error());
        }
        abandoned_ = answered_ = false;
        heard_ = engine::now();
        lease_.emplace(std::move(*lease));
        peer.readings.push_back(*this);
        auto answer = co_await converse(until);
        if (answer) {
            peer.counts.answered.add();
            peer.health.answered(asked_, engine::now());
            co_return answer;
        }
        const error why = answer.error();
        const bool again = was_stale(**lease_, (*lease_)->reader(), why);
        if (again && f == freshness::any) {
            let_go(false);
            continue;
        }
        leave(why);
        co_return answer;
    }
    co_return fail(errc::unavailable);
}

engine::task<result<part_answer>> part_reading::converse(time_point until) {
    http::client_connection& connection = **lease_;
    peer_agreement& with = agreement_of(connection);
    std::string target;
    std::string range;
    if (auto written = write_question(question_, with.protocol, target, range); !written) {
        co_return std::unexpected(written.error());
    }
    http::head_writer writer(connection.head_buffer());
    writer.request("GET", target).field("Host", at_->address);
    if (!range.empty()) writer.field("Range", range);
    writer.field(mac_field, std::string_view(with.session.sign("GET", target, range)));
    const std::string_view head = writer.end();
    connection.stream().expire_at(until);
    auto sent = co_await engine::send_all(connection.stream(), std::as_bytes(std::span(head)));
    if (!sent) co_return std::unexpected(sent.error());
    auto answer = co_await connection.reader().read_response("GET");
    if (!answer) co_return std::unexpected(answer.error());
    if (!with.session.accepts(*answer)) co_return fail(errc::protocol);
    heard_ = engine::now();
    co_return understand(*answer);
}

// What the head says, and whether it answers the question.
result<part_answer> part_reading::understand(const http::response_head& head) {
    const auto text = http::find_header(head.headers, answer_field);
    const auto said = parse_answer(text.value_or(""));
    if (!said || said->part != question_.id) return fail(errc::protocol);
    at_->heard(*said);
    all_.told_load(*at_);
    all_.told_spread(question_.id, said->spread);
    const bool has_bytes = wants_bytes(question_);
    const unsigned right = has_bytes ? 206 : 200;
    if (head.status != right) {
        answered_ = true;
        return fail(meaning_of(head.status));
    }
    const bytes length = has_bytes ? question_.end - question_.first : bytes(0);
    if (head.body != http::framing::length && length > bytes(0)) return fail(errc::protocol);
    if (head.content_length != length) return fail(errc::protocol);
    word_ = said->word;
    return *said;
}

engine::task<result<std::size_t>> part_reading::read(std::span<std::byte> into) {
    for (;;) {
        if (position() == question_.end) {
            end();
            co_return std::size_t{0};
        }
        if (!lease_) {
            if (next_ == nullptr && tried_count_ > 0 && others_ == others::do_not_count) {
                co_return fail(errc::unavailable);
            }
            if (next_ == nullptr) {
                next_ = all_.choose(question_.id, std::span(tried_).first(tried_count_));
            }
            auto answer = co_await open();
            if (!answer) co_return std::unexpected(answer.error());
        }
        http::client_connection& connection = **lease_;
        connection.stream().expire_at(engine::now() + patience());
        const std::size_t left = (question_.end - position()).count();
        connection.stream().wait_for_at_least(
            word_ == cache_word::hit ? std::min({left, into.size(), gathered_most}) : 1);
        auto got = co_await connection.reader().read_body(into);
        if (got && *got == 0) got = fail(errc::closed);
        if (!got) {
            at_->counts.broken_off.add();
            leave(got.error());
            if (all_.closing()) co_return fail(errc::cancelled);
            continue;
        }
        heard_ = engine::now();
        at_->health.heard_from(heard_);
        at_->counts.bytes_in.add(*got);
        question_.first += bytes(*got);
        co_return got;
    }
}

// Bytes that the peer has to fetch come as late as the origin sends them.
duration part_reading::patience() const {
    return word_ == cache_word::hit ? hit_patience : all_.origin_patience();
}

// With this candidate we are done, for better or worse.
void part_reading::leave(error why) {
    using cluster::peer_failure;
    const time_point now = engine::now();
    peer_node& peer = *at_;
    const bool ours = why.code == errc::too_large || (why.code == errc::cancelled && !abandoned_);
    const bool late = why.code == errc::timed_out || why.code == errc::cancelled;
    if (answered_) {
        peer.counts.refused.add();
        if (why.code == errc::overloaded) {
            peer.health.overloaded(asked_, now);
        } else {
            peer.health.answered(asked_, now);
        }
    } else if (ours) {
        peer.health.dropped(asked_, engine::now());
    } else {
        peer.counts.failed.add();
        peer.health.failed(asked_, now, late ? peer_failure::late : peer_failure::broken);
    }
    let_go(answered_);
}

// `whole`: what was said is complete, so that the connection can carry the next question.
void part_reading::let_go(bool whole) {
    unlink();
    (*lease_)->stream().wait_for_at_least(1);
    if (whole && (*lease_)->reader().body_complete()) {
        (*lease_)->stream().expire_at(never);
        lease_->keep();
    }
    lease_.reset();
}

void part_reading::end() {
    if (lease_) let_go(true);
}

void part_reading::abandon() {
    abandoned_ = true;
    if (lease_) (*lease_)->stream().abort();
}

}  // namespace lode::frontend::peer
