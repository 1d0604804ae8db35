#include "frontend/origin/exchange.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/origin/node_location.h"
#include "frontend/s3/digest.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

using freshness = http::connection_pool::freshness;

constexpr bytes discard_max{64ULL << 10U};

}  // namespace

void forwarded_head::write_to(std::string& out, std::string_view default_host,
                              std::string_view location) const {
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
    // A client's own word may be part of its signature.
    if (!location.empty() && !http::find_header(headers, location_header)) {
        writer.field(location_header, location);
    }
    if (!has_host) writer.field("Host", default_host);
    writer.fields(added);
    if (framing == body::chunked) writer.field("Transfer-Encoding", "chunked");
    writer.end();
}

engine::task<result<exchange>> exchange::begin(origin_link& link, const forwarded_head& request) {
    return start(link, request, stage::sent, nullptr);
}

engine::task<result<exchange>> exchange::ask(origin_link& link, const forwarded_head& request,
                                             exchange_abort* stop) {
    return start(link, request, stage::answered, stop);
}

engine::task<result<exchange>> exchange::start(origin_link& link, const forwarded_head& request,
                                               stage wanted, exchange_abort* stop) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const duration patience = reads ? link.answer_timeout : link.change_timeout;
    for (const freshness f : {freshness::any, freshness::fresh}) {
        auto lease = co_await link.pool.acquire(engine::now() + link.answer_timeout, f);
        if (!lease) co_return std::unexpected(lease.error());
        if (stop != nullptr && stop->aborted()) co_return fail(errc::cancelled);
        exchange made(std::move(*lease), patience, link);
        if (stop != nullptr) stop->stream_ = &made.stream();
        auto done = co_await made.send_head(link, request);
        if (done && wanted == stage::answered) done = co_await made.read_head(request.method);
        if (done) co_return made;
        if (stop != nullptr) stop->let_go();
        if (!made.may_try_again(request.method, done.error())) {
            co_return std::unexpected(done.error());
        }
    }
    co_return fail(errc::unavailable);
}

engine::task<result<>> exchange::send_head(const origin_link& link, const forwarded_head& request) {
    std::string& head = lease_->head_buffer();
    request.write_to(head, link.authority, link.location);
    expect_progress();
    auto sent = co_await engine::send_all(stream(), std::as_bytes(std::span(head)));
    // The buffer stays with the connection; a customer's key must not.
    if (std::ranges::any_of(request.headers, [](const http::header& h) {
            return sealing::is_customer_key_field(h.name);
        })) {
        s3::wipe(head);
    }
    co_return sent;
}

engine::task<result<>> exchange::read_head(std::string_view method) {
    auto answer = co_await reader().read_response(method);
    if (!answer) co_return std::unexpected(answer.error());
    heard();
    head_ = *answer;
    co_return result<>{};
}

// A server may cut an idle connection at the moment we reuse it: nothing was answered, and what is
// repeated may not do anything twice (RFC 9110 section 9.2.2). A refusal to speak HTTP is another matter.
bool exchange::may_try_again(std::string_view method, const error& why) {
    if (!on_reused_connection() || reader().head_begun() || method == "POST") return false;
    return why.code == errc::closed || (why.code == errc::io && why.sys != 0);
}

void exchange::blame(error why) {
    if (link_observer* told = std::exchange(observer_, nullptr)) told->failed(why);
}

void exchange::finish() {
    link_observer* told = std::exchange(observer_, nullptr);
    if (told != nullptr && reader().body_complete()) {
        const bool has_length = head_.body == http::framing::length;
        told->finished(has_length ? head_.content_length : bytes(0));
    }
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
