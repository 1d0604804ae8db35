#include "tools/lode-origin/exchange.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <sys/socket.h>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/query.h"
#include "tools/lode-origin/storage/files.h"

namespace lode::dev_origin {
namespace {

// Reading a refused upload to its end keeps the connection; beyond this a new one is cheaper.
constexpr bytes discarded_max{64ULL << 20U};
constexpr std::string_view wrong_etag = "\"00000000000000000000000000000000\"";

std::string new_request_id() {
    std::string id = random_name().substr(0, 16);
    std::ranges::transform(id, id.begin(),
                           [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    return id;
}

}  // namespace

exchange::exchange(connection& on, const http::request_head& request, operation op)
    : on_(on),
      request_(request),
      op_(op),
      request_id_(new_request_id()),
      keep_alive_(request.keep_alive && !on.last) {}

std::string_view exchange::resource() const { return s3::split(request_.target).path; }

engine::task<result<std::size_t>> exchange::receive(std::span<std::byte> into) {
    if (broken_) co_return fail(errc::closed);
    // Also before an empty body: botocore takes a final answer without it for the connection's last.
    if (request_.expect_continue && !std::exchange(continued_, true)) {
        co_await send("HTTP/1.1 100 Continue\r\n\r\n", {});
    }
    if (fault_.reset_upload_after_bytes) {
        if (received_ >= *fault_.reset_upload_after_bytes) {
            reset();
            co_return fail(errc::closed);
        }
        into = into.first(
            std::min<std::uint64_t>(into.size(), *fault_.reset_upload_after_bytes - received_));
    }
    on_.stream.expire_at(engine::now() + body_pause_max);
    auto got = co_await on_.reader.read_body(into);
    if (!got) {
        // What comes next on this connection can no longer be told apart.
        keep_alive_ = false;
        co_return got;
    }
    received_ += *got;
    on_.counts.received(*got);
    co_return got;
}

engine::task<void> exchange::answer(unsigned status, header_list headers, std::string_view body) {
    begin(status, headers, bytes(body.size()));
    co_await write(std::as_bytes(std::span(body)));
}

engine::task<void> exchange::answer_xml(unsigned status, std::string_view body) {
    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    co_await answer(status, std::move(headers), body);
}

engine::task<void> exchange::answer_refusal(refusal r) {
    std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" +
                       std::string(r.code) + "</Code><Message>";
    s3::append_xml_escaped(r.message, body);
    body += "</Message><Resource>";
    s3::append_xml_escaped(resource(), body);
    body += "</Resource>";
    if (!r.region.empty()) {
        body += "<Region>";
        s3::append_xml_escaped(r.region, body);
        body += "</Region>";
    }
    body += "<RequestId>" + request_id_ + "</RequestId></Error>";

    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    if (r.status == 503) headers.push_back({"Retry-After", "1"});
    co_await answer(r.status, std::move(headers), body);
}

bool exchange::has_body() const { return !answers_head() && status_ != 204 && status_ != 304; }

void exchange::begin(unsigned status, const header_list& headers, bytes length) {
    LODE_ASSERT(!begun());
    status_ = status;
    on_.counts.answered(op_, status);
    // A client that still waits for "100 Continue" may or may not send its body now.
    if (request_.expect_continue && !continued_) keep_alive_ = false;
    const auto stated = static_cast<std::int64_t>(length.count()) + fault_.wrong_length;
    write_head(status, headers, std::max<std::int64_t>(stated, 0));
    head_unsent_ = true;
}

void exchange::write_head(unsigned status, const header_list& headers, std::int64_t stated_length) {
    http::head_writer head(on_.head_buffer);
    head.response(status);
    head.field("x-amz-request-id", request_id_);
    const auto now =
        std::chrono::floor<std::chrono::seconds>(engine::scheduler::current().time().wall());
    std::array<char, s3::http_date_length> date{};
    head.field("Date", s3::format_http_date(now, date));
    head.field("Server", "lode-origin");
    bool has_length = false;
    for (const stored_header& h : headers) {
        const bool is_etag = http::equal_ignoring_case(h.name, "ETag");
        has_length = has_length || http::equal_ignoring_case(h.name, "Content-Length");
        head.field(h.name, is_etag && fault_.wrong_etag ? wrong_etag : std::string_view(h.value));
    }
    // RFC 9110 section 8.6: none in a 204; in a 304 it would describe what is not sent.
    if (!has_length && status != 204 && status != 304) {
        head.field("Content-Length", static_cast<std::uint64_t>(stated_length));
    }
    if (!keep_alive_) {
        head.field("Connection", "close");
    } else if (request_.minor_version == 0) {
        head.field("Connection", "keep-alive");
    }
    head.end();
}

engine::task<void> exchange::write(std::span<const std::byte> piece) {
    LODE_ASSERT(begun());
    if (!has_body()) piece = {};
    while (!piece.empty() && !broken_) {
        std::size_t count = piece.size();
        const auto stop_at =
            fault_.reset_after_bytes ? fault_.reset_after_bytes : fault_.truncate_after_bytes;
        if (stop_at) count = std::min<std::uint64_t>(count, *stop_at - std::min(sent_, *stop_at));
        if (fault_.bytes_per_second) {
            count = std::min<std::uint64_t>(count, std::max(*fault_.bytes_per_second / 20, 1UL));
            co_await pace(count);
        }
        sent_ += count;
        on_.counts.sent(op_, count);
        std::string_view head;
        if (std::exchange(head_unsent_, false)) head = on_.head_buffer;
        co_await send(head, piece.first(count));
        piece = piece.subspan(count);
        if (stop_at && sent_ >= *stop_at) {
            if (fault_.reset_after_bytes) reset();
            broken_ = true;
        }
    }
}

engine::task<void> exchange::pace(std::size_t count) {
    const auto pause =
        std::chrono::nanoseconds(count * 1'000'000'000ULL / *fault_.bytes_per_second);
    co_await engine::sleep_for(pause);
}

engine::task<void> exchange::finish() {
    if (std::exchange(head_unsent_, false)) co_await send(on_.head_buffer, {});
    if (fault_.garbage_bytes > 0 && !broken_) {
        const std::string garbage(std::min<std::uint64_t>(fault_.garbage_bytes, 1U << 20U), '#');
        co_await send(garbage, {});
    }
    if (!keep_alive() || on_.reader.body_complete()) co_return;
    on_.stream.expire_at(engine::now() + body_pause_max);
    if (!co_await on_.reader.discard_body(discarded_max)) keep_alive_ = false;
}

engine::task<void> exchange::trickle(std::string_view head) {
    while (!head.empty() && !broken_) {
        co_await engine::sleep_for(fault_.slow_head);
        on_.stream.expire_at(engine::now() + body_pause_max);
        auto sent =
            co_await engine::send_all(on_.stream, std::as_bytes(std::span(head.substr(0, 1))));
        if (!sent) broken_ = true;
        head.remove_prefix(1);
    }
}

void exchange::reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(on_.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    broken_ = true;
}

engine::task<void> exchange::send(std::string_view head, std::span<const std::byte> piece) {
    if (broken_) co_return;
    if (!head.empty() && fault_.slow_head > duration::zero()) {
        co_await trickle(std::exchange(head, {}));
        if (broken_ || piece.empty()) co_return;
    }
    std::array<iovec, 2> pieces{};
    std::size_t count = 0;
    if (!head.empty()) pieces[count++] = http::piece_of(head);
    if (!piece.empty()) pieces[count++] = http::piece_of(piece);
    on_.stream.expire_at(engine::now() + body_pause_max);
    auto sent = co_await on_.stream.send(std::span(pieces).first(count));
    if (!sent) broken_ = true;
}

}  // namespace lode::dev_origin
