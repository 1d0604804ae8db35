// frontend/http/head_scanner.h
//
// Finds the end of a head while it arrives, and refuses on the way whatever two implementations
// might read differently: NUL and other control bytes, a CR or LF on its own, a continued line
// (obs-fold). Each byte is looked at once. What it answers depends on the bytes alone, not on how
// they were split: the first offending byte decides.
//
//   Errors   A problem; nothing may be scanned afterwards.
//   Limits   head, uri, headers and empty_lines of message_limits.h, each enforced at the byte that
//            exceeds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frontend/http/message_limits.h"
#include "frontend/http/problem.h"

namespace lode::frontend::http {

enum class message_kind : std::uint8_t { request, response };

class head_scanner {
  public:
    head_scanner(message_kind kind, const limits& l) : kind_(kind), limits_(l) {}

    // The next bytes. Returns how many belong to the head: all of them, until it is complete.
    std::size_t scan(std::string_view arrived);

    [[nodiscard]] bool complete() const { return state_ == state::complete; }
    [[nodiscard]] http::problem problem() const { return problem_; }

    // Empty lines before the head, in bytes.
    [[nodiscard]] std::size_t skipped() const { return skipped_; }

    // Whether a byte of the head proper was seen.
    [[nodiscard]] bool begun() const { return length_ > 0; }

  private:
    enum class state : std::uint8_t {
        before,     // where empty lines are skipped
        before_lf,  // the LF of such a line
        start_line,
        line_begin,  // at a header line's first byte
        line,
        line_lf,
        last_lf,  // the empty line's
        complete,
        broken,
    };

    bool step(char c);
    bool start_line_byte(char c);
    bool refuse(http::problem p);

    message_kind kind_;
    const limits& limits_;
    state state_ = state::before;
    http::problem problem_ = http::problem::none;
    std::size_t skipped_ = 0;
    std::uint64_t length_ = 0;
    std::uint32_t lines_ = 0;
    std::uint32_t spaces_ = 0;  // in the start line
    std::uint64_t word_ = 0;    // length of the start line's current word
};

}  // namespace lode::frontend::http
