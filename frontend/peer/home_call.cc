#include "frontend/peer/home_call.h"

#include <span>
#include <utility>

#include "engine/runtime/scheduler.h"
#include "frontend/peer/part_exchange.h"
#include "frontend/peer/peer_dialer.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {
namespace {

using cluster::peer_failure;
using freshness = http::connection_pool::freshness;

// What waits for a slow origin at its home leaves connections to those who read parts there.
constexpr std::size_t asked_at_once = 32;

struct home_reply {
    unsigned status = 0;
    part_answer said;
    std::string body;  // of a 200
};

// Whether the body is what the head's MAC covers.
bool is_covered(const home_reply& r) {
    return r.said.body && s3::equal_constant_time(*r.said.body, s3::sha256_of(r.body));
}

engine::task<result<home_reply>> converse(http::client_connection& connection,
                                          const home_question& q, time_point until) {
    std::string target;
    auto written = q.write(agreement_of(connection).protocol, target);
    if (!written) co_return std::unexpected(written.error());
    const auto head = co_await exchange_heads(connection, target, {}, until);
    if (!head) co_return std::unexpected(head.error());
    const auto said = parse_answer(http::find_header(head->headers, answer_field).value_or(""));
    if (!said || said->part != q.id) co_return fail(errc::protocol);
    home_reply reply{.status = head->status, .said = *said, .body = {}};
    const bytes length = head->content_length;
    const bool has_body = reply.status == 200;
    if (has_body != (length > bytes(0)) || length > bytes(q.body_max)) {
        co_return fail(errc::protocol);
    }
    if (!has_body) co_return reply;
    reply.body.resize(length.count());
    auto got =
        co_await connection.reader().read_body_full(std::as_writable_bytes(std::span(reply.body)));
    // A connection that ends within an answer was no idle one.
    const bool late = !got && got.error().code == errc::timed_out;
    if (late) co_return fail(errc::timed_out);
    if (!got || *got != reply.body.size()) co_return fail(errc::protocol);
    if (!is_covered(reply)) co_return fail(errc::denied);
    co_return reply;
}

void note_failure(peer_node& peer, cluster::peer_health::question& asked, error why,
                  time_point until) {
    if (why.code == errc::too_large || why.code == errc::cancelled ||
        why.code == errc::overloaded) {
        peer.health.excused(asked);
    } else if (why.code == errc::timed_out || engine::now() >= until) {
        // It may be waiting for the origin. A probe tells more.
        peer.health.excused(asked);
        peer.health.doubt();
    } else {
        const bool unreachable = why.code == errc::unavailable;
        peer.counts.failed.add();
        peer.health.failed(asked, engine::now(),
                           unreachable ? peer_failure::unreachable : peer_failure::broken);
    }
}

void note_reply(peer_node& peer, cluster::peer_health::question& asked, const home_reply& r) {
    const time_point now = engine::now();
    (r.status == 200 ? peer.counts.answered : peer.counts.refused).add();
    if (r.status == 503) {
        peer.health.overloaded(asked, now);
    } else {
        peer.health.excused(asked);
        peer.health.heard_from(now);
    }
}

engine::task<result<home_reply>> ask(peer_node& peer, const home_question& q, time_point until) {
    for (const freshness f : {freshness::any, freshness::fresh}) {
        auto lease = co_await peer.pool.acquire(until, f);
        if (!lease) co_return std::unexpected(lease.error());
        auto reply = co_await converse(**lease, q, until);
        if (!reply && f == freshness::any && was_stale(**lease, reply.error())) continue;
        if (reply) {
            (*lease)->stream().expire_at(never);
            lease->keep();
        }
        co_return reply;
    }
    co_return fail(errc::unavailable);
}

}  // namespace

engine::task<std::optional<std::string>> ask_home(peers& all, const home_question& q) {
    const std::string text = q.name.text();
    const peer_ptr peer = all.home_of(xxh3_128(std::as_bytes(std::span(text))));
    const time_point begun = engine::now();
    if (peer == nullptr || !peer->health.may_ask(begun)) co_return std::nullopt;
    if (peer->asked_as_home == asked_at_once) co_return std::nullopt;
    const time_point until = begun + cluster::health_rules::deadline_max;
    ++peer->asked_as_home;
    auto asked = peer->health.ask(begun);
    peer->counts.asked.add();
    auto reply = co_await ask(*peer, q, until);
    --peer->asked_as_home;
    if (!reply) {
        note_failure(*peer, asked, reply.error(), until);
        co_return std::nullopt;
    }
    note_reply(*peer, asked, *reply);
    peer->heard(reply->said);
    all.told(*peer, reply->said);
    if (reply->status != 200) co_return std::nullopt;
    co_return std::move(reply->body);
}

}  // namespace lode::frontend::peer
