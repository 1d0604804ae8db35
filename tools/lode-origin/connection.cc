#include "tools/lode-origin/connection.h"

#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "engine/runtime/socket.h"
#include "frontend/http/message_limits.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/query.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/exchange.h"

namespace lode::dev_origin {
namespace {

constexpr duration handshake_max = std::chrono::seconds(10);
constexpr duration idle_max = std::chrono::seconds(65);  // what S3 gateways commonly allow
constexpr duration head_max = std::chrono::seconds(30);
constexpr duration linger_max = std::chrono::seconds(1);

engine::task<void> serve_requests(core_service& here, exchange::connection& on,
                                  open_connection& entry);
// What becomes of a connection after an answer. `close` lets the other side read it to its end.
enum class afterwards : std::uint8_t { keep, close, drop };
engine::task<afterwards> serve_request(core_service& here, exchange::connection& on,
                                       http::request_head head);
engine::task<void> refuse_unreadable(exchange::connection& on, error why);
engine::task<void> drain_and_close(engine::stream& stream);

}  // namespace

engine::task<void> serve_connection(core_service& here, int fd, engine::socket_address peer) {
    std::unique_ptr<engine::stream> stream = std::make_unique<engine::tcp_socket>(fd, peer);
    open_connection entry;
    entry.stream = stream.get();
    here.open.push_back(entry);
    if (here.shared.tls) {
        auto secured = co_await engine::tls_stream::accept(std::move(stream), *here.shared.tls,
                                                           engine::now() + handshake_max);
        if (!secured) {
            here.connections_ended.add();
            co_return;
        }
        stream = std::move(*secured);
        entry.stream = stream.get();
    }
    http::message_reader reader(*stream, http::limits{});
    std::string head_buffer;
    exchange::connection on{.stream = *stream,
                            .reader = reader,
                            .counts = here.counts,
                            .fd = fd,
                            .head_buffer = head_buffer};
    co_await serve_requests(here, on, entry);
    entry.unlink();
    co_await stream->close();
    here.connections_ended.add();
}

namespace {

engine::task<void> serve_requests(core_service& here, exchange::connection& on,
                                  open_connection& entry) {
    while (!here.stopping()) {
        entry.now = open_connection::phase::waiting;
        on.stream.expire_at(engine::now() + idle_max);
        if (!co_await on.reader.wait_for_head()) co_return;
        entry.now = open_connection::phase::answering;
        on.stream.expire_at(engine::now() + head_max);
        auto head = co_await on.reader.read_request();
        if (!head) {
            co_await refuse_unreadable(on, head.error());
            co_return;
        }
        here.counts.began();
        on.last = here.stopping();
        const afterwards next = co_await serve_request(here, on, *head);
        here.counts.ended();
        if (next == afterwards::keep) continue;
        if (next == afterwards::close) co_await drain_and_close(on.stream);
        co_return;
    }
}

// Who the caller is, or why that cannot be believed.
outcome authenticate(call& c) {
    auto verified = c.here.verifier.verify(
        {.method = c.head.method, .target = c.head.target, .headers = c.head.headers},
        engine::scheduler::current().time().wall());
    if (!verified && verified.error() == s3::auth_failure::missing) return {};
    if (!verified) {
        refusal why(s3::s3_error_of(verified.error()));
        // Clients sign again for the region that they are told.
        if (verified.error() == s3::auth_failure::wrong_scope) why.region = c.here.shared.region;
        return std::unexpected(why);
    }
    c.who = c.here.shared.users.find(verified->access_key);
    c.signature = std::move(*verified);
    return {};
}

engine::task<outcome> serve_call(call& c, result<std::vector<parameter>> query) {
    if (!query || c.where.kind == s3::address_kind::unaddressable) {
        co_return refuse(s3::s3_error::invalid_uri);
    }
    if (auto known = authenticate(c); !known) co_return known;
    co_return co_await dispatch(c);
}

engine::task<bool> suffer(core_service& here, exchange& answer, operation op) {
    const auto happening = co_await here.fault_for(op);
    if (!happening) co_return false;
    answer.suffer(*happening);
    if (happening->latency > duration::zero()) co_await engine::sleep_for(happening->latency);
    if (happening->reset_before_answer) {
        answer.reset();
        co_return true;
    }
    if (happening->slow_down) {
        co_await answer.answer_refusal(s3::s3_error::slow_down);
        co_return true;
    }
    if (happening->error_status) {
        co_await answer.answer_refusal(
            refusal(*happening->error_status, "InternalError", "A failure that was asked for."));
        co_return true;
    }
    co_return false;
}

engine::task<afterwards> serve_request(core_service& here, exchange::connection& on,
                                       http::request_head head) {
    const auto [path, raw_query] = s3::split(head.target);
    s3::address where;
    s3::resolve_address(head.host, here.shared.domains, path, where);
    auto query = parse_query(raw_query);
    const operation op = query ? identify({.method = head.method,
                                           .addresses = where.kind,
                                           .query = *query,
                                           .headers = head.headers})
                               : operation::unreadable;
    exchange answer(on, head, op);
    if (!co_await suffer(here, answer, op)) {
        call c{.here = here, .head = head, .answer = answer, .what = op, .where = std::move(where)};
        if (query) c.query = *query;
        const outcome done = co_await serve_call(c, std::move(query));
        if (!done && !answer.begun() && !answer.broken()) {
            co_await answer.answer_refusal(done.error());
        }
    }
    co_await answer.finish();
    if (answer.broken()) co_return afterwards::drop;
    co_return answer.keep_alive() ? afterwards::keep : afterwards::close;
}

// A head that could not be read: one last answer where there is somebody to hear it.
engine::task<void> refuse_unreadable(exchange::connection& on, error why) {
    const http::problem problem = on.reader.problem();
    const unsigned status = http::status_of(problem, why);
    if (status == 0) co_return;
    static constexpr http::request_head unread{.method = "GET", .target = "/", .keep_alive = false};
    exchange answer(on, unread, operation::unreadable);
    co_await answer.answer_refusal(
        refusal(status, status == 501 ? "NotImplemented" : "BadRequest", http::describe(problem)));
    co_await answer.finish();
    co_await drain_and_close(on.stream);
}

// Closing with unread bytes would reset the connection and could take the answer along.
engine::task<void> drain_and_close(engine::stream& stream) {
    constexpr std::size_t drained_max = std::size_t{8} << 20U;
    stream.expire_at(engine::now() + linger_max);
    if (!co_await stream.finish_sending()) co_return;
    const auto memory = std::make_unique<std::array<std::byte, 16384>>();
    for (std::size_t drained = 0; drained < drained_max;) {
        const auto got = co_await stream.receive(*memory);
        if (!got || *got == 0) co_return;
        drained += *got;
    }
}

}  // namespace
}  // namespace lode::dev_origin
