// frontend/http/message_reader.h
//
// One direction of a connection as HTTP/1.x messages: a head, its body, the next head. The same
// class reads requests as a server and responses as a client. Bytes beyond a message (pipelining)
// stay buffered for the next one.
//
// Heads are scanned byte by byte for everything that two implementations may read differently,
// before the parser (llhttp) sees them; what that scan or the parser's second opinion rejects is
// refused. Payload of Content-Length bodies and of large chunks goes from the stream straight into
// the caller's memory; only bytes that came along with a head or a chunk line are copied.
//
//   Core        One, the stream's.
//   Memory      One buffer of 8 KiB; a longer head makes it grow to limits.head + 1 KiB at most,
//               and it shrinks again before the next head. A table of header lines (32 bytes each),
//               and the last trailers. A warm reader allocates nothing.
//   Lifetime    Borrows the stream. Heads and trailers are views into this object: valid until the
//               next wait for a head or read of one, wherever the body has been read to.
//   Errors      closed: the other side finished (or reset) before the first byte of a head, or
//               before the end of a body. protocol, too_large: problem() says what is wrong. Others
//               as stream.h says: the deadline is the stream's (stream.expire_at). After an error
//               nothing more can be read.
//   Limits      message_limits.h; independent of how the bytes are split on the way.
//   Invariants  A head is read only when the body before it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/stream.h"
#include "frontend/http/chunk_decoder.h"
#include "frontend/http/head_scanner.h"
#include "frontend/http/message.h"
#include "frontend/http/message_limits.h"
#include "frontend/http/problem.h"

namespace lode::frontend::http {

class message_reader {
  public:
    message_reader(engine::stream& from, const limits& l);
    message_reader(const message_reader&) = delete;
    message_reader& operator=(const message_reader&) = delete;

    // Returns when at least one byte of the next head is there, so that waiting for a request and
    // waiting for the rest of it can have different deadlines. closed: the peer has finished.
    engine::task<result<>> wait_for_head();

    // Whether a byte of the next head has arrived. A time-out without one is an idle connection, to
    // be closed in silence; with one it is a slow client, to be told 408.
    [[nodiscard]] bool head_begun() const { return has_more(); }

    engine::task<result<request_head>> read_request();

    // What has arrived since wait_for_head() returned, and that its first `length` bytes are a head that
    // was read before, of a request without a body: it is not read again.
    [[nodiscard]] std::string_view arrived() const { return buffered(); }
    void take_known_head(std::size_t length, bool keep_alive);

    // Interim answers (1xx) are skipped, at most limits.interim of them, or reported one by one
    // (for a caller that relays "100 Continue"); call again for the next. 101 is refused.
    // `request_method` decides whether a body follows.
    enum class interim : std::uint8_t { skip, report };
    engine::task<result<response_head>> read_response(std::string_view request_method,
                                                      interim i = interim::skip);

    // The same, final answers only, for a short body that is likely to come together with its head: both are
    // received into `memory`, which is borrowed until the body has been read. take_body_ahead() gives in
    // place what came there of the body; who does not call it gets it from read_body().
    engine::task<result<response_head>> read_response_through(std::span<std::byte> memory,
                                                              std::string_view request_method);
    [[nodiscard]] std::span<std::byte> take_body_ahead();

    // The last head, as it stood in the message, and empty lines before it.
    [[nodiscard]] std::string_view head_text() const { return {buffer_.get(), head_end_}; }

    // Overwrites the last head, which held a secret. Its views are of no use afterwards.
    void wipe_head();

    // Payload bytes, at least one, decoded from its framing; 0 when the body is complete. `into`
    // must not be empty.
    engine::task<result<std::size_t>> read_body(std::span<std::byte> into);

    // How many of the next payload bytes nothing stands before in the stream, so that they may be taken from
    // it directly; whoever does says so with body_taken(). 0 where bytes are buffered or framed.
    [[nodiscard]] bytes body_in_stream() const {
        return state_ == state::in_length && !has_more() ? left_ : bytes(0);
    }
    void body_taken(bytes count);

    // Reads until `into` is full or the body is complete; returns the number of bytes.
    engine::task<result<std::size_t>> read_body_full(std::span<std::byte> into);

    // Reads the rest and forgets it, so that the next head can be read. too_large when more than
    // `most` remain: then closing the connection is cheaper.
    engine::task<result<>> discard_body(bytes most);

    [[nodiscard]] bool body_complete() const { return state_ == state::between; }

    // What is still to come, where that is known: framing::length and none.
    [[nodiscard]] std::optional<bytes> body_left() const;

    // Payload bytes of this message handed out so far.
    [[nodiscard]] bytes body_read() const { return body_read_; }

    // The fields after a chunked body, once it is complete.
    [[nodiscard]] std::span<const header> trailers() const { return trailers_; }

    // Why the last read failed.
    [[nodiscard]] http::problem problem() const { return problem_; }

    // Whether bytes of a further message are buffered: a pipelined request, or, on a client's side,
    // an answer to nothing.
    [[nodiscard]] bool has_more() const { return filled_ > consumed_ || !ahead_.empty(); }

    // Whether the last message was read to its end, was a final one, and lets another follow.
    [[nodiscard]] bool may_continue() const { return body_complete() && keep_alive_; }

  private:
    enum class state : std::uint8_t { between, in_length, in_chunks, until_close, broken };

    engine::task<result<std::span<char>>> take_head(message_kind kind);
    engine::task<result<std::size_t>> read_plain(std::span<std::byte> into);
    engine::task<result<std::size_t>> read_chunked(std::span<std::byte> into);
    result<std::size_t> decode_buffered(std::span<std::byte> into);
    engine::task<result<std::size_t>> receive(std::span<std::byte> into);
    engine::task<result<std::size_t>> receive_ahead(std::span<std::byte> into);
    engine::task<result<std::size_t>> receive_more();
    void took_body(bytes count);
    std::size_t copy_buffered(std::span<std::byte> into, std::uint64_t most);
    void begin_body(framing f, bytes length);
    void prepare_for_head();
    void resize_buffer(std::size_t capacity);
    http::problem finish_trailers();
    std::unexpected<error> refuse(http::problem p);
    std::unexpected<error> broke(error why);

    [[nodiscard]] std::string_view buffered() const {
        return {buffer_.get() + consumed_, filled_ - consumed_};
    }

    engine::stream& stream_;
    limits limits_;

    // [0, head_end_) is the head that views point into; [consumed_, filled_) came after what has
    // been consumed; between the two is room for chunk lines.
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t head_end_ = 0;
    std::size_t consumed_ = 0;
    std::size_t filled_ = 0;
    // In memory that was lent to us: what came behind the bytes that are buffered.
    std::span<std::byte> ahead_;

    state state_ = state::between;
    bool keep_alive_ = true;
    http::problem problem_ = http::problem::none;
    bytes left_;  // of a Content-Length body
    bytes body_read_;
    std::uint32_t interim_seen_ = 0;
    chunk_decoder chunks_;
    std::vector<header> headers_;
    std::string trailer_text_;
    std::vector<header> trailers_;
};

}  // namespace lode::frontend::http
