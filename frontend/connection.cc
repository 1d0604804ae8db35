#include "frontend/connection.h"

#include <array>
#include <utility>

#include "frontend/admission.h"
#include "frontend/get_object.h"
#include "frontend/pass_through.h"

namespace lode::frontend {
namespace {

constexpr bytes drain_max{256ULL << 10U};
constexpr duration linger_time = std::chrono::seconds(2);

// A HEAD needs no range: with that of one byte it asks for the object to be brought in.
bool asks_to_prestage(const request& r) {
    return r.what.op == s3::operation::head_object && !r.what.no_store && !r.what.part_number &&
           !r.what.sse_customer_key && http::find_header(r.head.headers, "range") == "bytes=0-0";
}

}  // namespace

connection::connection(serving& here, std::unique_ptr<engine::stream> stream)
    : here_(here),
      stream_(std::move(stream)),
      reader_(*stream_, here.node.limits),
      client_(here, *stream_, reader_),
      peer_(stream_->peer()) {
    client_.record().client = peer_;
}

engine::task<void> connection::run() {
    here_.connections.open.add();
    while (co_await serve_one()) {
    }
    co_await linger();
    co_await stream_->close();
    here_.connections.open.subtract();
}

// False when the connection has no future.
engine::task<bool> connection::serve_one() {
    const limit_settings& limits = here_.node.settings.limits;
    idle_ = true;
    if (here_.stopping) co_return false;
    stream_->expire_at(engine::now() + limits.idle_timeout);
    if (!co_await reader_.wait_for_head()) co_return false;
    idle_ = false;

    request_.begun = engine::now();
    request_.when = engine::scheduler::current().time().wall();
    here_.next_request_id(request_.id);
    std::optional<access::refusal> refused;
    if (!recognise(here_, reader_, request_)) {
        stream_->expire_at(request_.begun + limits.head_timeout);
        auto head = co_await reader_.read_request();
        if (!head) {
            co_await refuse_head(head.error());
            co_return false;
        }
        refused = admit(here_, *head, request_);
        if (!refused) remember(here_, reader_, request_);
    }
    client_.begin(request_);
    counter& in_flight = here_.requests.in_flight;
    if (refused) {
        co_await refuse_access(*refused);
    } else if (in_flight.value() < here_.requests_max) {
        in_flight.add();
        co_await answer();
        in_flight.subtract();
    } else {
        co_await refuse_for_now();
    }
    request_.customer_key.reset();
    // A body that nobody asked for, or that was only half read, ends the conversation.
    if (!reader_.body_complete()) {
        stream_->expire_at(engine::now() + linger_time);
        if (!client_.keeps_alive() || !co_await reader_.discard_body(drain_max)) {
            client_.close_after();
        }
    }
    account();
    if (request_.what.sse_customer_key) reader_.wipe_head();
    co_return client_.keeps_alive();
}

engine::task<void> connection::refuse_access(access::refusal why) {
    auto sent = co_await client_.send_error(request_, why.error, {}, why.sentence);
    if (!sent) client_.break_off();
}

engine::task<void> connection::answer() {
    if (request_.head.content_length > here_.node.settings.limits.body) {
        co_return co_await client_.refuse_body(request_);
    }
    if (request_.what.op == s3::operation::get_object) {
        here_.requests.gets.add();
        if (!client_.record().range.empty()) here_.requests.ranges.add();
        co_return co_await get_object(here_, client_, request_);
    }
    make_ours(here_, request_);
    co_await pass_through(here_, client_, request_);
    if (asks_to_prestage(request_) && client_.record().status / 100 == 2) {
        here_.prestages.begin(request_.name);
    }
}

// One request too many: nobody is asked anything and nothing waits. A small body is read, so that the
// connection can carry the client's next attempt.
engine::task<void> connection::refuse_for_now() {
    here_.requests.turned_away.add();
    if (!request_.head.expect_continue && request_.head.content_length <= drain_max) {
        stream_->expire_at(engine::now() + linger_time);
        (void)co_await reader_.discard_body(drain_max);
    }
    auto sent = co_await client_.send_error(request_, s3::s3_error::slow_down);
    if (!sent) client_.break_off();
}

// A head that cannot be read is answered where that makes sense; what follows it cannot be trusted.
engine::task<void> connection::refuse_head(error why) {
    if (http::status_of(reader_.problem(), why) == 0) co_return;
    here_.requests.refused.add();
    request_.head = {.method = "", .target = ""};
    request_.what = {};
    request_.passage.clear();
    client_.begin(request_);
    co_await client_.refuse_unreadable(request_, why);
    account();
}

void connection::account() {
    access_record& record = client_.record();
    record.total = engine::now() - request_.begun;
    request_counters& counts = here_.requests;
    counts.by_class[std::min<std::size_t>(record.status / 100, counts.by_class.size() - 1)].add();
    if (request_.what.op == s3::operation::get_object) {
        const auto word = static_cast<std::size_t>(record.cache);
        counts.by_cache[word].add();
        counts.bytes_by_cache[word].add(record.bytes_out);
    }
    counts.bytes_in.add(record.bytes_in);
    counts.bytes_out.add(record.bytes_out);
    const auto nanoseconds = [](duration d) { return static_cast<std::uint64_t>(d.count()); };
    counts.total_ns.record(nanoseconds(record.total));
    counts.first_byte_ns.record(nanoseconds(record.first_byte));
    if (record.origin > duration::zero()) counts.origin_ns.record(nanoseconds(record.origin));
    here_.log.write(record);
}

// Closing a socket with unread bytes resets it, and the reset may overtake our last answer (RFC 9112
// section 9.6): say that we are done, and read a little of what still comes.
engine::task<void> connection::linger() {
    if (!client_.record().complete) {
        stream_->abort();  // a response that ends early must not look like a whole one
        co_return;
    }
    if (!client_.head_sent() || here_.stopping) co_return;
    stream_->expire_at(engine::now() + linger_time);
    if (!co_await stream_->finish_sending()) co_return;
    std::array<std::byte, 1024> nowhere;
    for (int reads = 0; reads < 256; ++reads) {
        auto got = co_await stream_->receive(nowhere);
        if (!got || *got == 0) co_return;
    }
}

void connection::end_if_idle() {
    if (idle_) stream_->abort();
}

engine::task<void> connection::turn_away(std::unique_ptr<engine::stream> stream) {
    const std::string body = s3::render_error_xml({.error = s3::s3_error::slow_down});
    std::string head;
    http::head_writer writer(head);
    writer.response(503)
        .field("Content-Type", "application/xml")
        .field("Retry-After", 1)
        .field("Connection", "close")
        .content_length(bytes(body.size()))
        .end();
    std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(body)};
    stream->expire_at(engine::now() + linger_time);
    (void)co_await stream->send(pieces);
    (void)co_await stream->finish_sending();
    co_await stream->close();
}

}  // namespace lode::frontend
