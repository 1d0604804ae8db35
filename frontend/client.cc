#include "frontend/client.h"

#include <array>

namespace lode::frontend {
namespace {

s3::s3_error s3_error_of_status(unsigned status) {
    switch (status) {
        case 408: return s3::s3_error::request_timeout;
        case 414: return s3::s3_error::uri_too_long;
        case 431: return s3::s3_error::request_header_section_too_large;
        case 501: return s3::s3_error::not_implemented;
        default: return s3::s3_error::invalid_request;
    }
}

}  // namespace

void client::begin(const request& r) {
    keep_alive_ = r.head.keep_alive && !here_.stopping;
    head_sent_ = false;
    invited_ = false;
    minor_zero_ = r.head.minor_version == 0;
    begun_ = r.begun;
    record_ = {.when = r.when, .client = record_.client, .method = r.head.method};
    record_.bucket = r.what.where.bucket;
    record_.key = r.what.where.key.empty() ? r.head.target.substr(0, r.head.target.find('?'))
                                           : std::string_view(r.what.where.key);
    record_.range = http::find_header(r.head.headers, "range").value_or("");
    record_.who = r.passage.who;
    record_.request_id = r.id;
}

http::head_writer client::head(unsigned status, std::string_view reason) {
    LODE_ASSERT(!head_sent_);
    record_.status = status;
    http::head_writer writer(head_);
    writer.response(status, reason);
    return writer;
}

std::string_view client::finish_head(http::head_writer& writer) {
    if (here_.stopping) keep_alive_ = false;
    if (!keep_alive_) {
        writer.field("Connection", "close");
    } else if (minor_zero_) {
        writer.field("Connection", "keep-alive");
    }
    return writer.end();
}

engine::task<result<>> client::send(std::span<iovec> pieces, bytes body) {
    expect_progress();
    auto sent = co_await stream_.send(pieces);
    if (!head_sent_) {
        head_sent_ = true;
        record_.first_byte = engine::now() - begun_;
    }
    if (sent) record_.bytes_out += body.count();
    co_return sent;
}

engine::task<result<>> client::send_head(std::string_view head) {
    iovec piece = http::piece_of(head);
    co_return co_await send({&piece, 1}, bytes(0));
}

bool client::is_plain() const { return dynamic_cast<engine::tcp_socket*>(&stream_) != nullptr; }

engine::task<result<>> client::send(engine::pipe& from) {
    LODE_ASSERT(head_sent_ && is_plain());
    auto& socket = static_cast<engine::tcp_socket&>(stream_);
    while (from.held() > 0) {
        expect_progress();
        auto sent = co_await from.drain_some(socket);
        if (!sent) co_return std::unexpected(sent.error());
        record_.bytes_out += *sent;
    }
    co_return result<>{};
}

engine::task<result<>> client::invite_body() {
    if (invited_) co_return result<>{};
    invited_ = true;
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    expect_progress();
    co_return co_await engine::send_all(stream_, std::as_bytes(std::span(go_on)));
}

engine::task<void> client::refuse(const request& r, error why) {
    if (head_sent_) co_return break_off();
    auto sent = co_await send_error(r, s3::s3_error_of(why));
    if (!sent) break_off();
}

void client::break_off() {
    close_after();
    record_.complete = false;
    here_.requests.broken_off.add();
}

engine::task<result<>> client::send_error(const request& r, s3::s3_error e,
                                          std::span<const http::header> fields,
                                          std::string_view sentence) {
    const std::string_view path = r.head.target.substr(0, r.head.target.find('?'));
    return send_document(r, s3::describe(e).status,
                         {.error = e, .message = sentence, .resource = path, .request_id = r.id},
                         fields);
}

engine::task<void> client::refuse_unreadable(const request& r, error why) {
    close_after();
    const unsigned status = http::status_of(reader_.problem(), why);
    if (status == 0 || head_sent_) co_return break_off();
    co_await refuse_unread(r, status, s3_error_of_status(status),
                           http::describe(reader_.problem()));
}

engine::task<void> client::refuse_unread(const request& r, unsigned status, s3::s3_error e,
                                         std::string_view sentence) {
    auto sent = co_await send_document(r, status,
                                       {.error = e, .message = sentence, .request_id = r.id}, {});
    if (!sent) break_off();
}

engine::task<void> client::refuse_body(const request& r) {
    return refuse_unread(r, 413, s3::s3_error::entity_too_large, {});
}

engine::task<result<>> client::send_document(const request& r, unsigned status,
                                             s3::error_document document,
                                             std::span<const http::header> fields) {
    const std::string body = s3::render_error_xml(document);
    // A body that nobody reads would be taken for the next request.
    if (!reader_.body_complete()) close_after();
    http::head_writer writer = head(status);
    writer.field("x-amz-request-id", r.id).field("Content-Type", "application/xml");
    if (const auto wait = s3::retry_after(document.error)) {
        writer.field("Retry-After", static_cast<std::uint64_t>(wait->count()));
    }
    writer.fields(fields);
    writer.content_length(bytes(body.size()));
    const bool bodiless = r.head.method == "HEAD";
    std::array<iovec, 2> pieces = {http::piece_of(finish_head(writer)),
                                   http::piece_of(std::string_view(body))};
    co_return co_await send(std::span(pieces).first(bodiless ? 1 : 2),
                            bytes(bodiless ? 0 : body.size()));
}

}  // namespace lode::frontend
