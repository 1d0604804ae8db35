#include "frontend/pass_through.h"

#include <array>
#include <charconv>
#include <optional>

#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/cache_status.h"
#include "frontend/http/chunk_writer.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/origin/redirect.h"

namespace lode::frontend {
namespace {

// A server that knows 100-continue answers at once; one that does not must not make us wait for ever
// (RFC 9110 section 10.1.1).
constexpr duration continue_patience = std::chrono::seconds(1);

// The origin's answer, which may come before the request's body has been sent: then the rest of the
// body is of no interest any more.
struct answer_watch {
    std::optional<result<http::response_head>> answer;
    bool invited = false;  // the origin said 100 Continue
    engine::wait_list changed;
};

engine::task<void> watch_answer(origin::exchange& question, std::string_view method,
                                answer_watch& watch) {
    for (;;) {
        auto head =
            co_await question.reader().read_response(method, http::message_reader::interim::report);
        if (head && head->status < 200) {
            watch.invited = watch.invited || head->status == 100;
            watch.changed.notify_all();
            continue;
        }
        watch.answer = head;
        watch.changed.notify_all();
        co_return;
    }
}

// Why an upload ended before the origin's answer.
enum class upload_end : std::uint8_t {
    sent,
    answered_early,
    client_gone,
    origin_gone,
    too_long,
    unsigned_body,  // a chunk's signature is wrong
    broken_body,    // its framing or length is
};

upload_end end_of_body(error why) {
    return why.code == errc::denied ? upload_end::unsigned_body : upload_end::broken_body;
}

// The way of an upload's bytes to the origin, in the framing that its head announced.
class upload_writer {
  public:
    upload_writer(origin::exchange& to, http::framing framing)
        : to_(to), chunked_(framing == http::framing::chunked) {}

    engine::task<result<>> send(std::span<const std::byte> piece) {
        if (piece.empty()) co_return result<>{};
        to_.expect_progress();
        if (chunked_) co_return co_await chunks_.send(to_.stream(), piece);
        co_return co_await engine::send_all(to_.stream(), piece);
    }

    engine::task<result<>> finish(std::span<const http::header> trailers) {
        if (!chunked_) co_return result<>{};
        to_.expect_progress();
        co_return co_await chunks_.finish(to_.stream(), trailers);
    }

  private:
    origin::exchange& to_;
    http::chunk_writer chunks_;
    bool chunked_;
};

// A body whose chunks are signed anew. The origin has the end of it only if all of it was right.
engine::task<upload_end> send_recoded(std::span<const std::byte> piece,
                                      access::chunk_recoder& recoder, upload_writer& to) {
    for (;;) {
        const auto ready = recoder.feed(piece);
        if (!ready) co_return end_of_body(ready.error());
        if (ready->empty()) co_return upload_end::sent;
        if (!co_await to.send(*ready)) co_return upload_end::origin_gone;
    }
}

engine::task<upload_end> finish_recoded(access::chunk_recoder& recoder, upload_writer& to) {
    const auto last = recoder.finish();
    if (!last) co_return end_of_body(last.error());
    const bool sent =
        co_await to.send(last->chunk) && co_await to.send(last->end) && co_await to.finish({});
    co_return sent ? upload_end::sent : upload_end::origin_gone;
}

engine::task<upload_end> send_body(serving& here, client& from, const request& r,
                                   origin::exchange& to, answer_watch& watch) {
    const http::relay_buffers::buffer buffer = here.buffers.take();
    upload_writer writer(to, r.head.body);
    std::optional<access::chunk_recoder> recoder;
    if (r.passage.chunks) recoder.emplace(*r.passage.chunks);
    while (!watch.answer.has_value()) {
        from.expect_progress();
        auto got = co_await from.reader().read_body(buffer.memory());
        if (!got) co_return upload_end::client_gone;
        from.record().bytes_in += *got;
        if (bytes(from.record().bytes_in) > here.node.settings.limits.body) {
            co_return upload_end::too_long;
        }
        const auto piece = std::span<const std::byte>(buffer.memory()).first(*got);
        if (recoder) {
            const upload_end end = piece.empty() ? co_await finish_recoded(*recoder, writer)
                                                 : co_await send_recoded(piece, *recoder, writer);
            if (piece.empty() || end != upload_end::sent) co_return end;
            continue;
        }
        const result<> sent = piece.empty() ? co_await writer.finish(from.reader().trailers())
                                            : co_await writer.send(piece);
        if (!sent) co_return upload_end::origin_gone;
        if (piece.empty()) co_return upload_end::sent;
    }
    co_return upload_end::answered_early;
}

engine::task<upload_end> upload(serving& here, client& from, const request& r, origin::exchange& to,
                                answer_watch& watch) {
    if (r.head.expect_continue) {
        const time_point patience = engine::now() + continue_patience;
        while (!watch.invited && !watch.answer.has_value()) {
            if (!co_await watch.changed.wait(patience)) break;
        }
        if (watch.answer.has_value()) co_return upload_end::answered_early;
        if (!co_await from.invite_body()) co_return upload_end::client_gone;
    }
    co_return co_await send_body(here, from, r, to, watch);
}

// The origin must not take what it has for the whole upload.
bool is_clients_fault(upload_end end) {
    return end == upload_end::client_gone || end == upload_end::too_long ||
           end == upload_end::unsigned_body || end == upload_end::broken_body;
}

// Sends the request with its body and reads the head of the answer into `question`.
engine::task<result<>> ask_with_body(serving& here, client& from, const request& r,
                                     origin::exchange& question) {
    answer_watch watch;
    engine::scope watcher;
    watcher.spawn(watch_answer(question, r.head.method, watch));
    const upload_end end = co_await upload(here, from, r, question, watch);
    if (end != upload_end::sent) question.spoil();
    if (is_clients_fault(end)) {
        question.stream().abort();
        from.close_after();
    }
    // The origin may have refused and closed: its answer, if any, is still to be read.
    while (!watch.answer.has_value()) (void)co_await watch.changed.wait();
    co_await watcher.close();
    if (end == upload_end::client_gone) co_return fail(errc::cancelled);
    if (end == upload_end::too_long) co_return fail(errc::too_large);
    if (end == upload_end::unsigned_body) co_return fail(errc::denied);
    if (end == upload_end::broken_body) co_return fail(errc::invalid);
    if (!*watch.answer) co_return std::unexpected(watch.answer->error());
    question.set_head(**watch.answer);
    // What the client still sends belongs to a request that has its answer already.
    if (!from.reader().body_complete()) from.close_after();
    co_return result<>{};
}

engine::task<void> send_length_body(serving& here, client& out, const request& r,
                                    origin::exchange& answer, http::head_writer& writer) {
    const http::relay_buffers::buffer buffer = here.buffers.take();
    std::string_view head = out.finish_head(writer);
    for (bytes left = answer.head().content_length; left > bytes(0) || !head.empty();) {
        std::size_t got = 0;
        if (left > bytes(0)) {
            answer.expect_progress();
            auto read = co_await answer.reader().read_body(buffer.memory());
            if (!read || *read == 0) {
                co_return co_await out.refuse(r, read ? error{errc::closed} : read.error());
            }
            got = *read;
            left -= bytes(got);
        }
        std::array<iovec, 2> pieces = {
            http::piece_of(head),
            http::piece_of(std::span<const std::byte>(buffer.memory()).first(got))};
        const bool first = !head.empty();
        head = {};
        auto sent = co_await out.send(std::span(pieces).subspan(first ? 0 : 1), bytes(got));
        if (!sent) co_return out.break_off();
    }
    answer.finish();
}

// Of an object, or of objects whose keys stand in the body.
bool writes(const request& r) {
    using enum s3::operation;
    if (r.what.op == put_object || r.what.op == delete_object) return true;
    if (r.what.op == bucket) return r.head.method == "POST";
    return r.what.op == other_object && r.head.method != "GET" && r.head.method != "HEAD";
}

// The length is not known beforehand: chunked, or to the end of the connection for an old client.
engine::task<void> send_open_ended_body(serving& here, client& out, const request& r,
                                        origin::exchange& answer, http::head_writer& writer) {
    const http::relay_buffers::buffer buffer = here.buffers.take();
    const bool chunked = r.head.minor_version >= 1;
    if (chunked) {
        writer.field("Transfer-Encoding", "chunked");
    } else {
        out.close_after();
    }
    if (auto sent = co_await out.send_head(out.finish_head(writer)); !sent) {
        co_return out.break_off();
    }
    http::chunk_writer chunks;
    for (;;) {
        answer.expect_progress();
        auto got = co_await answer.reader().read_body(buffer.memory());
        if (!got) co_return out.break_off();
        if (*got == 0) break;
        const auto piece = std::span<const std::byte>(buffer.memory()).first(*got);
        out.expect_progress();
        result<> sent;
        if (chunked) {
            sent = co_await chunks.send(out.stream(), piece);
        } else {
            sent = co_await engine::send_all(out.stream(), piece);
        }
        if (!sent) co_return out.break_off();
        out.record().bytes_out += *got;
    }
    // Some origins begin to answer a copy or a completion while they are still at it.
    if (writes(r)) co_await here.gateway.written(r.name);
    if (chunked) {
        out.expect_progress();
        auto ended = co_await chunks.finish(out.stream(), answer.reader().trailers());
        if (!ended) co_return out.break_off();
    }
    answer.finish();
}

// Only a body's recoding says these of a question to the origin.
bool is_refused_body(error why) { return why.code == errc::denied || why.code == errc::invalid; }

origin::forwarded_head forwarded(const request& r) {
    using body = origin::forwarded_head::body;
    return {.method = r.head.method,
            .target = r.head.target,
            .headers = r.head.headers,
            .framing = r.head.body == http::framing::chunked ? body::chunked : body::as_announced};
}

// The length of the content that an upload carries, without the framing of chunk signatures.
std::optional<bytes> content_length_of(const request& r) {
    if (const auto decoded = http::find_header(r.head.headers, "x-amz-decoded-content-length")) {
        std::uint64_t count = 0;
        const char* begin = decoded->data();
        const char* end = begin + decoded->size();
        const auto [stop, problem] = std::from_chars(begin, end, count);
        if (problem != std::errc() || stop != end) return std::nullopt;
        return bytes(count);
    }
    if (r.head.body != http::framing::length) return std::nullopt;
    return r.head.content_length;
}

// What the answer to a HEAD or to an upload tells about the object.
engine::task<void> learn_in_passing(serving& here, const request& r,
                                    const http::response_head& answer, time_point asked) {
    if (r.what.op == s3::operation::head_object && (!r.what.sse_customer_key || r.customer_key)) {
        co_await here.gateway.observe_head(inquiry_of(r), answer, asked);
    }
    if (!r.what.upload_id.empty()) {
        co_await here.gateway.observe_upload(inquiry_of(r), answer, content_length_of(r));
    }
}

}  // namespace

engine::task<void> pass_through(serving& here, client& out, const request& r) {
    here.requests.passed.add();
    const bool has_body = r.head.body != http::framing::none;
    const time_point asked = engine::now();
    result<origin::exchange> question = fail(errc::unavailable);
    if (has_body) {
        question = co_await origin::exchange::begin(here.link, forwarded(r));
        if (question) {
            auto answered = co_await ask_with_body(here, out, r, *question);
            if (!answered) question = std::unexpected(answered.error());
        }
    } else {
        question = co_await origin::exchange::ask(here.link, forwarded(r));
        // Where an object's bytes are is ours to find out; any other redirect is the client's to see.
        const bool reads =
            r.what.op == s3::operation::get_object || r.what.op == s3::operation::head_object;
        if (question && reads && origin::is_redirect(question->head().status)) {
            question = co_await here.data.follow(std::move(*question), forwarded(r));
        }
    }
    out.record().origin += engine::now() - asked;
    // Before the client hears of it: it may read at once, on another connection. What went wrong may
    // have happened all the same.
    if (writes(r)) co_await here.gateway.written(r.name);
    if (!question) {
        if (question.error().code == errc::cancelled) {
            co_return co_await out.refuse_unreadable(r, question.error());
        }
        if (question.error().code == errc::too_large) co_return co_await out.refuse_body(r);
        if (is_refused_body(question.error())) {
            here.gate.stats().bodies_refused.add();
            const auto why = question.error().code == errc::denied
                                 ? s3::s3_error::signature_does_not_match
                                 : s3::s3_error::incomplete_body;
            if (!co_await out.send_error(r, why)) out.break_off();
            co_return;
        }
        co_return co_await out.refuse(r, question.error());
    }
    // A client that waits for an invitation and gets its answer instead may lose step on the connection
    // (botocore does): an end of the connection leaves no doubt.
    if (r.head.expect_continue && !out.invited()) out.close_after();
    co_await learn_in_passing(here, r, question->head(), asked);
    co_await relay_answer(here, out, r, *question);
}

http::head_writer relayed_head(client& out, const http::response_head& head) {
    http::head_writer writer = out.head(head.status, head.reason);
    const http::hop_by_hop hop(head.headers);
    for (const http::header& h : head.headers) {
        const bool for_us = http::equal_ignoring_case(h.name, origin::direct_path_header);
        if (!hop.drops(h.name) && !for_us) writer.field(h);
    }
    return writer;
}

engine::task<void> relay_answer(serving& here, client& out, const request& r,
                                origin::exchange& answer) {
    http::head_writer writer = relayed_head(out, answer.head());
    if (r.what.op == s3::operation::get_object || r.what.op == s3::operation::head_object) {
        add_cache_status(writer, here.node.cache_name, cache_word::bypass, cache_detail::none,
                         out.scratch());
    }
    switch (answer.head().body) {
        case http::framing::none: {
            auto sent = co_await out.send_head(out.finish_head(writer));
            if (!sent) co_return out.break_off();
            answer.finish();
            co_return;
        }
        case http::framing::length:
            co_return co_await send_length_body(here, out, r, answer, writer);
        case http::framing::chunked:
        case http::framing::until_close:
            co_return co_await send_open_ended_body(here, out, r, answer, writer);
    }
}

}  // namespace lode::frontend
