// frontend/http/problem.h
//
// Why a message was refused: finer than an errc, so that a server can answer with the right status
// and an operator can read what the other side did.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/error.h"

namespace lode::frontend::http {

enum class problem : std::uint8_t {
    none,
    transport,            // the stream failed by itself; the error says how
    incomplete_head,      // the other side finished in the middle of a head
    incomplete_body,      // ... or before the announced end of a body
    bad_start_line,       // no request or status line; HTTP/0.9; a method longer than any
    bad_target,           // not a path, an http(s) URL or "*"; a byte that no URL may hold
    bad_header,           // a line that is no field line; a control byte; obs-fold; bare CR or LF
    bad_host,             // HTTP/1.1 without exactly one Host, or one that names no host
    bad_framing,          // Content-Length and Transfer-Encoding contradict or cannot be read
    bad_chunk,            // a chunk size that is none or overflows, a chunk without its CRLF
    bad_trailer,          // a trailer that is no field line, or one that would change framing
    unsupported_version,  // neither HTTP/1.0 nor HTTP/1.1
    unsupported_method,   // a token that names no method we know, or CONNECT
    unsupported_coding,   // a transfer coding other than chunked
    unexpected_upgrade,   // the server switched protocols, which nobody asked for
    too_many_interim,     // more 1xx answers than the limit
    uri_too_long,
    head_too_large,
    too_many_headers,
    chunk_line_too_long,
    trailers_too_large,
};

// The status with which a server refuses a request that has this problem; 0 where an answer makes
// no sense because the transport is gone. A stream that timed out inside a head is `transport`
// with errc::timed_out: 408.
[[nodiscard]] unsigned status_of(problem p, error why);

// One sentence for logs and error bodies, without any byte of the message.
[[nodiscard]] std::string_view describe(problem p);

// too_large for the limits, closed for a body that was cut short, else protocol.
[[nodiscard]] errc code_of(problem p);

}  // namespace lode::frontend::http
