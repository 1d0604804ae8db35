#include "frontend/http/chunk_decoder.h"

#include "engine/base/assert.h"
#include "frontend/http/characters.h"

namespace lode::frontend::http {
namespace {

constexpr int no_digit = -1;

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return no_digit;
}

}  // namespace

void chunk_decoder::start(std::string& trailers) {
    trailers_ = &trailers;
    state_ = state::size_first;
    problem_ = http::problem::none;
    size_ = 0;
    payload_ = 0;
    line_ = 0;
}

std::size_t chunk_decoder::feed(std::string_view framing) {
    LODE_ASSERT(payload_ == 0 && state_ != state::broken);
    std::size_t used = 0;
    while (used < framing.size() && state_ != state::payload && state_ != state::complete) {
        if (!step(framing[used])) break;
        ++used;
    }
    return used;
}

void chunk_decoder::took_payload(std::uint64_t count) {
    LODE_ASSERT(state_ == state::payload && count <= payload_);
    payload_ -= count;
    if (payload_ == 0) state_ = state::payload_cr;
}

bool chunk_decoder::step(char c) {
    switch (state_) {
        case state::size_first:
        case state::size:
        case state::extension:
        case state::size_lf: return size_line(c);
        case state::payload_cr:
            if (c != '\r') return refuse(problem::bad_chunk);
            state_ = state::payload_lf;
            return true;
        case state::payload_lf:
            if (c != '\n') return refuse(problem::bad_chunk);
            state_ = state::size_first;
            size_ = 0;
            line_ = 0;
            return true;
        case state::trailer_line:
        case state::trailer:
        case state::trailer_lf:
        case state::last_lf: return trailer_section(c);
        default: LODE_ASSERT(false);
    }
}

bool chunk_decoder::size_line(char c) {
    if (++line_ > limits_.chunk_line.count()) return refuse(problem::chunk_line_too_long);
    if (state_ == state::size_lf) {
        if (c != '\n') return refuse(problem::bad_chunk);
        line_ = 0;
        payload_ = size_;
        state_ = size_ == 0 ? state::trailer_line : state::payload;
        return true;
    }
    if (state_ == state::extension) {
        if (c == '\r') {
            state_ = state::size_lf;
        } else if (!is_text(c)) {
            return refuse(problem::bad_chunk);
        }
        return true;
    }
    if (const int digit = hexadecimal(c); digit != no_digit) {
        if (size_ >> 56U != 0) return refuse(problem::bad_chunk);
        size_ = size_ << 4U | static_cast<std::uint64_t>(digit);
        state_ = state::size;
        return true;
    }
    if (state_ == state::size_first) return refuse(problem::bad_chunk);
    if (c == '\r') {
        state_ = state::size_lf;
    } else if (c == ';') {
        state_ = state::extension;
    } else {
        return refuse(problem::bad_chunk);
    }
    return true;
}

// The same rules as for a head's lines: the text is parsed as header lines when it is complete.
bool chunk_decoder::trailer_section(char c) {
    if (++line_ > limits_.trailers.count()) return refuse(problem::trailers_too_large);
    switch (state_) {
        case state::trailer_line:
            if (c == '\r') {
                state_ = state::last_lf;
                return true;
            }
            if (!is_text(c) || c == ' ' || c == '\t') return refuse(problem::bad_trailer);
            state_ = state::trailer;
            break;
        case state::trailer:
            if (c == '\r') {
                state_ = state::trailer_lf;
            } else if (!is_text(c)) {
                return refuse(problem::bad_trailer);
            }
            break;
        case state::trailer_lf:
            if (c != '\n') return refuse(problem::bad_trailer);
            state_ = state::trailer_line;
            break;
        default:
            if (c != '\n') return refuse(problem::bad_trailer);
            state_ = state::complete;
            return true;
    }
    trailers_->push_back(c);
    return true;
}

bool chunk_decoder::refuse(http::problem p) {
    state_ = state::broken;
    problem_ = p;
    return false;
}

}  // namespace lode::frontend::http
