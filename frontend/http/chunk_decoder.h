// frontend/http/chunk_decoder.h
//
// The chunked transfer coding (RFC 9112 section 7.1) as a pure state machine over the framing
// bytes: it is fed everything except payload, and says how much payload comes next. The payload
// itself never passes through it.
//
//   Errors   A problem; nothing may be fed afterwards.
//   Limits   Chunk sizes below 2^60; the length of a size line and of the trailer section.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "frontend/http/message_limits.h"
#include "frontend/http/problem.h"

namespace lode::frontend::http {

class chunk_decoder {
  public:
    explicit chunk_decoder(const limits& l) : limits_(l) {}

    // A new body. `trailers` collects the raw trailer section; its capacity is kept.
    void start(std::string& trailers);

    // Consumes framing bytes up to the next payload byte or the end of the body. Returns how many
    // were consumed; stops early only there and at a problem.
    std::size_t feed(std::string_view framing);

    // Payload bytes that follow before more framing; 0 while framing is expected.
    [[nodiscard]] std::uint64_t payload_left() const { return payload_; }

    // The caller moved `count` payload bytes, at most payload_left().
    void took_payload(std::uint64_t count);

    [[nodiscard]] bool complete() const { return state_ == state::complete; }
    [[nodiscard]] http::problem problem() const { return problem_; }

  private:
    enum class state : std::uint8_t {
        size_first,  // the first digit of a size
        size,        // further digits
        extension,   // after ';', up to CR
        size_lf,
        payload,
        payload_cr,
        payload_lf,
        trailer_line,  // at the start of a line
        trailer,       // inside a line
        trailer_lf,
        last_lf,  // the empty line's
        complete,
        broken,
    };

    bool step(char c);
    bool size_line(char c);
    bool trailer_section(char c);
    bool refuse(http::problem p);

    limits limits_;
    std::string* trailers_ = nullptr;
    state state_ = state::complete;
    http::problem problem_ = http::problem::none;
    std::uint64_t size_ = 0;
    std::uint64_t payload_ = 0;
    std::uint64_t line_ = 0;  // bytes of the current size line, or of the trailer section
};

}  // namespace lode::frontend::http
