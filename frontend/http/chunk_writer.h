// frontend/http/chunk_writer.h
//
// The chunked coding on the way out: the framing goes into iovecs around the payload, which is
// not copied.
//
//   Lifetime  The pieces point into this object, the payload and the head until they were sent.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <sys/uio.h>

#include "engine/runtime/stream.h"
#include "frontend/http/header.h"

namespace lode::frontend::http {

class chunk_writer {
  public:
    static constexpr std::size_t pieces_max = 4;

    // One chunk, in one message, after `head` where that is not empty. An empty payload sends only
    // the head: a chunk of length 0 would end the body.
    engine::task<result<>> send(engine::stream& to, std::span<const std::byte> payload,
                                std::string_view head = {});

    // The last chunk and the trailers. Trailers that would change framing (Content-Length,
    // Transfer-Encoding, Host) are dropped.
    engine::task<result<>> finish(engine::stream& to, std::span<const header> trailers = {},
                                  std::string_view head = {});

    // The pieces of one chunk, for callers that compose a message themselves; payload not empty.
    [[nodiscard]] std::array<iovec, 3> pieces(std::span<const std::byte> payload);

  private:
    std::array<char, 18> line_{};  // 16 hexadecimal digits and CRLF
    std::string ending_;
};

}  // namespace lode::frontend::http
