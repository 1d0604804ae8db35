#include "frontend/http/message_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/base/assert.h"
#include "frontend/http/head_parser.h"

namespace lode::frontend::http {
namespace {

constexpr std::size_t initial_capacity = std::size_t{8} << 10U;

// What must be free behind a head, so that chunk lines can be read while its views are in use.
constexpr std::size_t window_min = std::size_t{1} << 10U;

// A head that was received into other memory is nearly always shorter.
constexpr std::size_t head_usual = std::size_t{1} << 10U;

// Below this, a chunk's payload is read together with the next chunk's line.
constexpr std::uint64_t direct_min = std::uint64_t{4} << 10U;

}  // namespace

message_reader::message_reader(engine::stream& from, const limits& l)
    : stream_(from), limits_(l), chunks_(l) {
    LODE_ASSERT(l.head > bytes(0) && l.headers > 0);
    resize_buffer(initial_capacity);
    headers_.reserve(std::min<std::uint32_t>(l.headers, 32));
}

engine::task<result<>> message_reader::wait_for_head() {
    LODE_ASSERT(body_complete());
    prepare_for_head();
    if (filled_ > 0) co_return result<>{};
    auto got = co_await receive_more();
    if (!got) co_return broke(got.error());
    if (*got == 0) co_return broke({.code = errc::closed});
    co_return result<>{};
}

engine::task<result<request_head>> message_reader::read_request() {
    auto text = co_await take_head(message_kind::request);
    if (!text) co_return std::unexpected(text.error());
    request_head head;
    if (const auto p = parse_request(*text, headers_, head); p != problem::none) {
        co_return refuse(p);
    }
    keep_alive_ = head.keep_alive;
    begin_body(head.body, head.content_length);
    co_return head;
}

void message_reader::take_known_head(std::size_t length, bool keep_alive) {
    LODE_ASSERT(body_complete() && consumed_ == 0 && length <= filled_);
    head_end_ = consumed_ = length;
    keep_alive_ = keep_alive;
    begin_body(framing::none, bytes(0));
    if (capacity_ - head_end_ < window_min) resize_buffer(head_end_ + window_min);
}

engine::task<result<response_head>> message_reader::read_response(std::string_view request_method,
                                                                  interim i) {
    for (;;) {
        auto text = co_await take_head(message_kind::response);
        if (!text) co_return std::unexpected(text.error());
        response_head head;
        if (const auto p = parse_response(*text, request_method, headers_, head);
            p != problem::none) {
            co_return refuse(p);
        }
        keep_alive_ = head.keep_alive && head.status >= 200;
        begin_body(head.body, head.content_length);
        if (head.status >= 200) {
            interim_seen_ = 0;
            co_return head;
        }
        if (++interim_seen_ > limits_.interim) co_return refuse(problem::too_many_interim);
        if (i == interim::report) co_return head;
    }
}

engine::task<result<response_head>> message_reader::read_response_through(
    std::span<std::byte> memory, std::string_view request_method) {
    LODE_ASSERT(body_complete() && !has_more() && !memory.empty());
    prepare_for_head();
    auto got = co_await stream_.receive(memory);
    if (!got) co_return broke(got.error());
    if (*got == 0) co_return broke({.code = errc::closed});
    const std::span<std::byte> came = memory.first(*got);
    filled_ = std::min({came.size(), capacity_, head_usual});
    std::memcpy(buffer_.get(), came.data(), filled_);
    ahead_ = came.subspan(filled_);
    auto head = co_await read_response(request_method, interim::report);
    if (!head) co_return head;
    if (head->status < 200) co_return refuse(problem::too_many_interim);
    // What was buffered beyond the head lies in `memory`, too, right before the rest.
    if (filled_ <= came.size()) {
        ahead_ = came.subspan(consumed_);
        filled_ = consumed_;
    }
    co_return head;
}

std::span<std::byte> message_reader::take_body_ahead() {
    if (state_ != state::in_length) return {};
    const auto taken = ahead_.first(std::min<std::uint64_t>(ahead_.size(), left_.count()));
    ahead_ = ahead_.subspan(taken.size());
    body_read_ += bytes(taken.size());
    took_body(bytes(taken.size()));
    return taken;
}

// A complete head at the front of the buffer, with room for chunk lines behind it.
engine::task<result<std::span<char>>> message_reader::take_head(message_kind kind) {
    LODE_ASSERT(body_complete());
    prepare_for_head();
    head_scanner scanner(kind, limits_);
    const std::size_t capacity_max = limits_.head.count() + 2 * limits_.empty_lines + window_min;
    std::size_t scanned = 0;
    for (;;) {
        scanned += scanner.scan({buffer_.get() + scanned, filled_ - scanned});
        if (scanner.problem() != problem::none) co_return refuse(scanner.problem());
        if (scanner.complete()) break;
        if (filled_ == capacity_) {
            LODE_ASSERT(capacity_ < capacity_max);
            resize_buffer(std::min(capacity_ * 2, capacity_max));
        }
        auto got = co_await receive_more();
        if (!got) co_return broke(got.error());
        if (*got > 0) continue;
        if (!scanner.begun()) co_return broke({.code = errc::closed});
        co_return refuse(problem::incomplete_head);
    }
    head_end_ = consumed_ = scanned;
    if (capacity_ - head_end_ < window_min) {
        resize_buffer(std::max(head_end_ + window_min, filled_));
    }
    co_return std::span(buffer_.get() + scanner.skipped(), scanned - scanner.skipped());
}

engine::task<result<std::size_t>> message_reader::read_body(std::span<std::byte> into) {
    LODE_ASSERT(!into.empty() && state_ != state::broken);
    if (state_ == state::between) co_return std::size_t{0};
    auto got = state_ == state::in_chunks ? co_await read_chunked(into) : co_await read_plain(into);
    if (got) body_read_ += bytes(*got);
    co_return got;
}

engine::task<result<std::size_t>> message_reader::read_body_full(std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        auto got = co_await read_body(into.subspan(done));
        if (!got) co_return got;
        if (*got == 0) break;
        done += *got;
    }
    co_return done;
}

engine::task<result<>> message_reader::discard_body(bytes most) {
    if (state_ == state::in_length && left_ > most) co_return fail(errc::too_large);
    const bytes limit = body_read_ + most;
    while (!body_complete()) {
        // The room behind the head serves as the bin: payload moves towards its start, never over
        // bytes that are still to be read.
        auto got = co_await read_body(
            std::as_writable_bytes(std::span(buffer_.get(), capacity_).subspan(head_end_)));
        if (!got) co_return std::unexpected(got.error());
        if (body_read_ > limit) co_return fail(errc::too_large);
    }
    co_return result<>{};
}

std::optional<bytes> message_reader::body_left() const {
    switch (state_) {
        case state::between: return bytes(0);
        case state::in_length: return left_;
        default: return std::nullopt;
    }
}

// What came along with the head, then the stream straight into the caller's memory.
engine::task<result<std::size_t>> message_reader::read_plain(std::span<std::byte> into) {
    const std::uint64_t most =
        state_ == state::in_length ? left_.count() : std::numeric_limits<std::uint64_t>::max();
    std::size_t count = copy_buffered(into, most);
    if (count == 0) {
        auto got = co_await receive(into.first(std::min<std::uint64_t>(into.size(), most)));
        if (!got) co_return broke(got.error());
        count = *got;
        if (count == 0) {
            if (state_ == state::in_length) co_return refuse(problem::incomplete_body);
            state_ = state::between;
        }
    }
    if (state_ == state::in_length) took_body(bytes(count));
    co_return count;
}

void message_reader::body_taken(bytes count) {
    LODE_ASSERT(count <= body_in_stream());
    body_read_ += count;
    took_body(count);
}

void message_reader::took_body(bytes count) {
    LODE_ASSERT(state_ == state::in_length);
    left_ -= count;
    if (left_ == bytes(0)) state_ = state::between;
}

engine::task<result<std::size_t>> message_reader::read_chunked(std::span<std::byte> into) {
    for (;;) {
        auto decoded = decode_buffered(into);
        if (!decoded || *decoded > 0 || body_complete()) co_return decoded;

        const std::uint64_t payload = chunks_.payload_left();
        const auto direct = static_cast<std::size_t>(std::min<std::uint64_t>(payload, into.size()));
        const bool whole = direct > 0 && (payload >= direct_min || direct == into.size());
        auto got = whole ? co_await receive(into.first(direct)) : co_await receive_more();
        if (!got) co_return broke(got.error());
        if (*got == 0) co_return refuse(problem::incomplete_body);
        if (whole) {
            chunks_.took_payload(*got);
            co_return got;
        }
    }
}

// Payload out of the buffered bytes, over as many chunks as they hold.
result<std::size_t> message_reader::decode_buffered(std::span<std::byte> into) {
    std::size_t done = 0;
    while (consumed_ < filled_ && done < into.size()) {
        if (chunks_.payload_left() > 0) {
            const std::size_t count = copy_buffered(into.subspan(done), chunks_.payload_left());
            chunks_.took_payload(count);
            done += count;
            continue;
        }
        consumed_ += chunks_.feed(buffered());
        http::problem p = chunks_.problem();
        if (p == problem::none && chunks_.complete()) p = finish_trailers();
        if (p != problem::none) return refuse(p);
        if (chunks_.complete()) {
            state_ = state::between;
            break;
        }
    }
    return done;
}

http::problem message_reader::finish_trailers() {
    if (trailer_text_.size() == trailer_prefix.size()) return problem::none;
    trailer_text_.append("\r\n");
    const auto p = parse_trailers(trailer_text_, trailers_);
    if (p != problem::none) return p;
    return trailers_.size() > limits_.headers ? problem::too_many_headers : problem::none;
}

// What came ahead, then the stream.
engine::task<result<std::size_t>> message_reader::receive(std::span<std::byte> into) {
    return ahead_.empty() ? stream_.receive(into) : receive_ahead(into);
}

engine::task<result<std::size_t>> message_reader::receive_ahead(std::span<std::byte> into) {
    const std::size_t count = std::min(into.size(), ahead_.size());
    // The caller's memory may be the same.
    std::memmove(into.data(), ahead_.data(), count);
    ahead_ = ahead_.subspan(count);
    co_return count;
}

// Bytes behind those that are buffered; at least one free byte must be there.
engine::task<result<std::size_t>> message_reader::receive_more() {
    if (consumed_ == filled_) consumed_ = filled_ = head_end_;
    LODE_ASSERT(filled_ < capacity_);
    auto got = co_await receive(
        std::as_writable_bytes(std::span(buffer_.get() + filled_, capacity_ - filled_)));
    if (got) filled_ += *got;
    co_return got;
}

std::size_t message_reader::copy_buffered(std::span<std::byte> into, std::uint64_t most) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>({into.size(), filled_ - consumed_, most}));
    std::memmove(into.data(), buffer_.get() + consumed_, count);
    consumed_ += count;
    return count;
}

void message_reader::begin_body(framing f, bytes length) {
    left_ = bytes(0);
    body_read_ = bytes(0);
    switch (f) {
        case framing::none: break;
        case framing::length:
            left_ = length;
            if (length > bytes(0)) state_ = state::in_length;
            break;
        case framing::chunked:
            trailer_text_.assign(trailer_prefix);
            chunks_.start(trailer_text_);
            state_ = state::in_chunks;
            break;
        case framing::until_close: state_ = state::until_close; break;
    }
}

// What came beyond the last message moves to the front; the room of a long head is given back.
void message_reader::wipe_head() { explicit_bzero(buffer_.get(), head_end_); }

void message_reader::prepare_for_head() {
    trailers_.clear();
    const std::size_t beyond = filled_ - consumed_;
    std::memmove(buffer_.get(), buffer_.get() + consumed_, beyond);
    head_end_ = consumed_ = 0;
    filled_ = beyond;
    if (filled_ == 0 && capacity_ > initial_capacity) resize_buffer(initial_capacity);
}

void message_reader::resize_buffer(std::size_t capacity) {
    LODE_ASSERT(capacity >= filled_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (filled_ > 0) std::memcpy(larger.get(), buffer_.get(), filled_);
    buffer_ = std::move(larger);
    capacity_ = capacity;
}

std::unexpected<error> message_reader::refuse(http::problem p) {
    LODE_ASSERT(p != problem::none);
    state_ = state::broken;
    problem_ = p;
    return fail(code_of(p));
}

std::unexpected<error> message_reader::broke(error why) {
    state_ = state::broken;
    problem_ = problem::transport;
    return std::unexpected(why);
}

}  // namespace lode::frontend::http
