// frontend/http/message_limits.h
//
// How much of a message's framing a reader accepts. Bodies have no limit here: they stream, and
// whoever knows what the request means bounds them.
#pragma once

#include <cstdint>

#include "engine/base/units.h"

namespace lode::frontend::http {

struct limits {
    bytes head{32ULL << 10U};       // from the first byte of the start line to the empty line's LF
    bytes uri{16ULL << 10U};        // the request target as it was sent
    std::uint32_t headers = 128;    // header lines; trailer lines separately the same number
    bytes trailers{8ULL << 10U};    // the section after the last chunk, with its empty line
    bytes chunk_line{256};          // a chunk's size with its extensions, with its CRLF
    std::uint32_t interim = 8;      // 1xx answers before the final one
    std::uint32_t empty_lines = 2;  // before a request line (RFC 9112 section 2.2)
};

}  // namespace lode::frontend::http
