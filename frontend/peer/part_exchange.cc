#include "frontend/peer/part_exchange.h"

#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend::peer {
namespace {

using want_kind = part_question::want_kind;

result<part_reply> understood(const http::response_head& head, const part_question& q) {
    const auto said = parse_answer(http::find_header(head.headers, answer_field).value_or(""));
    if (!said || said->part != q.id) return fail(errc::protocol);
    const part_reply reply{.status = head.status, .length = head.content_length, .said = *said};
    const bool has_bytes = head.status == 206;
    if (has_bytes && (!wants_bytes(q) || reply.length != q.end - q.first)) {
        return fail(errc::protocol);
    }
    if (head.status == 200 && (wants_bytes(q) || reply.length > bytes(0))) {
        return fail(errc::protocol);
    }
    const bool counts = q.want == want_kind::held || q.want == want_kind::purge;
    if (head.status == 200 && counts != said->held.has_value()) {
        return fail(errc::protocol);
    }
    return reply;
}

}  // namespace

engine::task<result<http::response_head>> exchange_heads(http::client_connection& connection,
                                                         std::string_view target,
                                                         std::string_view range, time_point until,
                                                         std::span<std::byte> memory) {
    client_session& session = agreement_of(connection).session;
    const mac_text mac = session.sign("GET", target, range);
    http::head_writer writer(connection.head_buffer());
    writer.request("GET", target).field("Host", peer_host);
    if (!range.empty()) writer.field("Range", range);
    const auto text = writer.field(mac_field, s3::view_of(mac)).end();
    connection.stream().expire_at(until);
    auto sent = co_await engine::send_all(connection.stream(), std::as_bytes(std::span(text)));
    if (!sent) co_return std::unexpected(sent.error());
    http::message_reader& reader = connection.reader();
    auto head = memory.empty() ? co_await reader.read_response("GET")
                               : co_await reader.read_response_through(memory, "GET");
    // too_large is said of our own words only.
    if (!head && head.error().code == errc::too_large) co_return fail(errc::protocol);
    if (head && !session.accepts(*head)) co_return fail(errc::denied);
    co_return head;
}

engine::task<result<part_reply>> ask(http::client_connection& connection, const part_question& q,
                                     time_point until, std::span<std::byte> memory) {
    std::string target;
    std::string range;
    auto written = write_question(q, agreement_of(connection).protocol, target, range);
    if (!written) co_return std::unexpected(written.error());
    const auto head = co_await exchange_heads(connection, target, range, until, memory);
    if (!head) co_return std::unexpected(head.error());
    co_return understood(*head, q);
}

bool was_stale(http::client_connection& c, const error& why) {
    const bool ended = why.code == errc::closed || (why.code == errc::io && why.sys != 0);
    return c.reused() && !c.reader().head_begun() && ended;
}

std::string_view write_reply_head(std::string& into, server_session& session, unsigned status,
                                  bytes length, const part_answer& said) {
    std::string answer;
    write_answer(said, answer);
    const mac_text mac = session.sign(status, length, answer);
    return http::head_writer(into)
        .response(status)
        .field(answer_field, answer)
        .field(mac_field, s3::view_of(mac))
        .content_length(length)
        .end();
}

}  // namespace lode::frontend::peer
