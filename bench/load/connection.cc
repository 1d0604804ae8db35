#include "bench/load/connection.h"

#include <algorithm>
#include <array>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"

namespace lode::bench {
namespace {

namespace http = frontend::http;
using engine::task;

constexpr std::size_t piece_length = std::size_t{64} << 10U;

// So that throughput is counted about when it happens.
constexpr std::uint64_t forget_most = std::uint64_t{1} << 20U;

constexpr duration dial_most = std::chrono::seconds(5);
constexpr duration idle_from = std::chrono::seconds(1);
constexpr std::string_view before_answer = "closed before the answer";

bool is_success(unsigned status) { return status >= 200 && status < 300; }

}  // namespace

connection::connection(http::dialer& dialer, http::scheme scheme, std::span<std::byte> bin,
                       recorder& seen)
    : dialer_(dialer), scheme_(scheme), bin_(bin), seen_(seen) {
    LODE_ASSERT(!bin.empty());
}

connection::~connection() { LODE_ASSERT(stream_ == nullptr); }

task<result<>> connection::ask(const question& q) {
    const bool was_idle = stream_ != nullptr && engine::now() - last_used_ >= idle_from;
    auto done = co_await ask_once(q);
    if (!done && was_idle && failure_ == before_answer && !given_up_) done = co_await ask_once(q);
    last_used_ = engine::now();
    co_return done;
}

task<result<>> connection::ask_once(const question& q) {
    answer_.status = 0;
    answer_.body = bytes(0);
    answer_.differs = false;
    answer_.text.clear();
    failure_ = {};
    if (stream_ == nullptr) {
        auto dialled = co_await dial(q.until);
        if (!dialled) co_return dialled;
    }
    stream_->expire_at(q.until);
    auto done = co_await converse(q);
    if (!done || !reader_->may_continue()) {
        if (!done) stream_->abort();
        co_await close();
    }
    co_return done;
}

task<result<>> connection::dial(time_point until) {
    auto made = co_await dialer_.dial(std::min(until, engine::now() + dial_most));
    if (!made) {
        failure_ = made.error().code == errc::timed_out ? "time-out" : "no connection";
        co_return std::unexpected(made.error());
    }
    stream_ = std::move(made->stream);
    // Without TLS it is what network_dialer connected.
    socket_ =
        scheme_ == http::scheme::http ? dynamic_cast<engine::tcp_socket*>(stream_.get()) : nullptr;
    reader_.emplace(*stream_, http::limits{});
    if (given_up_) stream_->abort();
    co_return result<>{};
}

task<result<>> connection::converse(const question& q) {
    auto sent = co_await send(q);
    // A server may refuse before it has read everything, and say why.
    if (!sent && sent.error().code != errc::closed) co_return failed(sent.error(), {});
    auto begun = co_await reader_->wait_for_head();
    if (!begun) co_return failed(begun.error(), before_answer);
    answer_.first_byte = engine::now();
    auto head = co_await reader_->read_response(q.method);
    if (!head) co_return failed(head.error(), before_answer);
    answer_.status = head->status;
    answer_.word = word_of(head->headers);
    answer_.announced = head->content_length;
    if (q.body == question::keep::text) {
        answer_.etag = http::find_header(head->headers, "ETag").value_or("");
    }
    auto taken = co_await take_body(q);
    if (!taken) co_return failed(taken.error(), "closed within the body");
    if (!sent) co_return failed(sent.error(), "closed within the upload");
    co_return result<>{};
}

task<result<>> connection::send(const question& q) {
    if (q.upload && q.upload->length > bytes(0)) co_return co_await send_pieces(*q.upload, q.head);
    std::array pieces{http::piece_of(q.head), http::piece_of(q.upload_text)};
    co_return co_await stream_->send(
        std::span(pieces).first(q.upload_text.empty() ? std::size_t{1} : std::size_t{2}));
}

task<result<>> connection::send_pieces(const known_bytes& what, std::string_view head) {
    const auto memory = own_memory();
    for (std::uint64_t done = 0; done < what.length.count();) {
        const auto piece =
            memory.first(std::min<std::uint64_t>(memory.size(), what.length.count() - done));
        what.of.write(what.from + done, piece);
        std::array pieces{http::piece_of(head), http::piece_of(std::span<const std::byte>(piece))};
        auto sent = co_await stream_->send(std::span(pieces).subspan(done == 0 ? 0 : 1));
        if (!sent) co_return sent;
        done += piece.size();
        seen_.sent(engine::now(), piece.size());
    }
    co_return result<>{};
}

task<result<>> connection::take_body(const question& q) {
    const bool success = is_success(answer_.status);
    if (!success || q.body == question::keep::text) {
        auto kept = co_await keep_body();
        if (!kept) co_return kept;
    } else if (q.compare) {
        auto compared = co_await compare_body(*q.compare);
        if (!compared) co_return compared;
    }
    while (!reader_->body_complete()) {
        auto got = co_await forget_some();
        if (!got) co_return std::unexpected(got.error());
        answer_.body += bytes(*got);
        if (success) seen_.received(engine::now(), *got);
    }
    co_return result<>{};
}

// Some of the body that nobody wants to see. 0 when it is complete.
task<result<std::size_t>> connection::forget_some() {
    const bytes direct = socket_ == nullptr ? bytes(0) : reader_->body_in_stream();
    if (direct == bytes(0)) co_return co_await reader_->read_body(bin_);
    auto got = co_await socket_->discard(std::min(direct.count(), forget_most));
    if (!got) co_return got;
    if (*got == 0) co_return fail(errc::closed);
    reader_->body_taken(bytes(*got));
    co_return got;
}

task<result<>> connection::compare_body(const known_bytes& with) {
    const auto memory = own_memory();
    while (!reader_->body_complete()) {
        auto got = co_await reader_->read_body_full(memory);
        if (!got) co_return std::unexpected(got.error());
        const std::uint64_t at = answer_.body.count();
        answer_.body += bytes(*got);
        seen_.received(engine::now(), *got);
        // More than was asked for is as wrong as anything else.
        if (answer_.body > with.length ||
            with.of.first_difference(with.from + at, memory.first(*got))) {
            answer_.differs = true;
            co_return result<>{};
        }
    }
    co_return result<>{};
}

task<result<>> connection::keep_body() {
    answer_.text.resize(text_most);
    auto got = co_await reader_->read_body_full(std::as_writable_bytes(std::span(answer_.text)));
    answer_.text.resize(got ? *got : 0);
    if (!got) co_return std::unexpected(got.error());
    answer_.body += bytes(*got);
    co_return result<>{};
}

void connection::give_up() {
    given_up_ = true;
    if (stream_ != nullptr) stream_->abort();
}

task<void> connection::close() {
    if (stream_ == nullptr) co_return;
    reader_.reset();
    socket_ = nullptr;
    const auto closing = std::move(stream_);
    co_await closing->close();
}

std::span<std::byte> connection::own_memory() {
    if (memory_ == nullptr) memory_ = std::make_unique_for_overwrite<std::byte[]>(piece_length);
    return {memory_.get(), piece_length};
}

std::unexpected<error> connection::failed(error e, std::string_view closed_means) {
    switch (e.code) {
        case errc::timed_out: failure_ = "time-out"; break;
        case errc::closed: failure_ = closed_means; break;
        case errc::protocol:
        case errc::too_large: failure_ = "not HTTP"; break;
        case errc::cancelled: failure_ = "given up"; break;
        default: failure_ = "broken connection"; break;
    }
    return std::unexpected(e);
}

}  // namespace lode::bench
