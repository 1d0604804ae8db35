// frontend/http/message.h
//
// A parsed head. Everything in it borrows from the reader that made it and stays valid, also while
// the body is read, until that reader is asked for the next head.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/units.h"
#include "frontend/http/header.h"

namespace lode::frontend::http {

// How the end of a body is found (RFC 9112 section 6.3).
enum class framing : std::uint8_t { none, length, chunked, until_close };

struct request_head {
    std::string_view method;
    // In origin form ("/bucket/key?query") or "*". An absolute form has been taken apart: its path
    // and query are here byte for byte, its authority replaced the value of Host (RFC 9112 3.2.2).
    std::string_view target;
    std::string_view host;  // the value of Host; empty for an HTTP/1.0 request without one
    unsigned minor_version = 1;
    std::span<const header> headers;  // in the order and spelling of the message
    framing body = framing::none;
    bytes content_length;  // what the body is long, for framing::length
    bool keep_alive = true;
    bool expect_continue = false;  // the client waits for "100 Continue" before it sends the body
};

struct response_head {
    unsigned status = 0;
    std::string_view reason;
    unsigned minor_version = 1;
    std::span<const header> headers;
    framing body = framing::none;
    bytes content_length;  // as announced, also where no body follows (HEAD, 304); 0 without one
    bool keep_alive = true;
};

}  // namespace lode::frontend::http
