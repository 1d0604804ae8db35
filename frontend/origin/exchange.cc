#include "frontend/origin/exchange.h"

#include <utility>

#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/hop_by_hop.h"

namespace lode::frontend::origin {
namespace {

using freshness = http::connection_pool::freshness;

constexpr bytes discard_max{64ULL << 10U};

// A server may cut an idle connection at the moment we reuse it. Nothing was answered, so nothing was
// done that a repetition could do twice; a refusal to speak HTTP is another matter.
bool may_have_been_stale(const error& e) {
    return e.code == errc::closed || (e.code == errc::io && e.sys != 0);
}

}  // namespace

void forwarded_head::write_to(std::string& out, std::string_view default_host) const {
    const http::hop_by_hop hop(headers);
    http::head_writer writer(out);
    writer.request(method, target);
    bool has_host = false;
    for (const http::header& h : headers) {
        if (hop.drops(h.name)) continue;
        if (!without.empty() && http::equal_ignoring_case(h.name, without)) continue;
        has_host = has_host || http::equal_ignoring_case(h.name, "host");
        writer.field(h);
    }
    if (!has_host) writer.field("Host", default_host);
    writer.fields(added);
    if (framing == body::chunked) writer.field("Transfer-Encoding", "chunked");
    writer.end();
}

engine::task<result<exchange>> exchange::begin(origin_link& link, const forwarded_head& request) {
    for (freshness wanted : {freshness::any, freshness::fresh}) {
        auto lease = co_await link.pool.acquire(engine::now() + link.answer_timeout, wanted);
        if (!lease) co_return std::unexpected(lease.error());
        exchange made(std::move(*lease), link.answer_timeout);
        std::string& head = made.lease_->head_buffer();
        request.write_to(head, link.authority);
        made.expect_progress();
        auto sent = co_await engine::send_all(made.stream(), std::as_bytes(std::span(head)));
        if (sent) co_return made;
        if (!made.on_reused_connection() || !may_have_been_stale(sent.error())) {
            co_return std::unexpected(sent.error());
        }
    }
    co_return fail(errc::unavailable);
}

engine::task<result<exchange>> exchange::ask(origin_link& link, const forwarded_head& request) {
    for (freshness wanted : {freshness::any, freshness::fresh}) {
        auto lease = co_await link.pool.acquire(engine::now() + link.answer_timeout, wanted);
        if (!lease) co_return std::unexpected(lease.error());
        exchange made(std::move(*lease), link.answer_timeout);
        std::string& head = made.lease_->head_buffer();
        request.write_to(head, link.authority);
        made.expect_progress();
        auto sent = co_await engine::send_all(made.stream(), std::as_bytes(std::span(head)));
        if (sent) {
            auto answer = co_await made.reader().read_response(request.method);
            if (answer) {
                made.head_ = *answer;
                co_return made;
            }
            sent = std::unexpected(answer.error());
        }
        if (!made.on_reused_connection() || made.reader().head_begun() ||
            !may_have_been_stale(sent.error())) {
            co_return std::unexpected(sent.error());
        }
    }
    co_return fail(errc::unavailable);
}

void exchange::finish() {
    if (!spoiled_ && head_.keep_alive && reader().body_complete()) {
        stream().expire_at(never);
        lease_.keep();
    }
}

engine::task<void> exchange::discard() {
    expect_progress();
    auto rest = co_await reader().discard_body(discard_max);
    if (rest) finish();
}

}  // namespace lode::frontend::origin
