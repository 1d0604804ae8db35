#include "frontend/http/head_scanner.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "frontend/http/characters.h"

namespace lode::frontend::http {
namespace {

constexpr std::uint64_t method_max = 32;

}  // namespace

std::size_t head_scanner::scan(std::string_view arrived) {
    const char* const begin = arrived.data();
    const char* const end = begin + arrived.size();
    const char* at = begin;
    while (at != end) {
        const bool in_target =
            state_ == state::start_line && kind_ == message_kind::request && spaces_ == 1;
        if (state_ == state::line || in_target) {
            // Nearly every byte of a head is plain text inside a header line or in the target.
            std::uint64_t room = limits_.head.count() - length_;
            if (in_target) room = std::min(room, limits_.uri.count() - word_);
            const char* const stop = static_cast<std::uint64_t>(end - at) > room ? at + room : end;
            const char* const from = at;
            while (at != stop && is_text(*at) && !(in_target && *at == ' ')) ++at;
            length_ += static_cast<std::uint64_t>(at - from);
            if (in_target) word_ += static_cast<std::uint64_t>(at - from);
            if (at == end) break;
        }
        if (!step(*at)) break;
        ++at;
        if (complete()) break;
    }
    return static_cast<std::size_t>(at - begin);
}

bool head_scanner::step(char c) {
    if (state_ == state::before) {
        if (c == '\r' && kind_ == message_kind::request) {
            state_ = state::before_lf;
            ++skipped_;
            return true;
        }
        state_ = state::start_line;
    }
    if (state_ == state::before_lf) {
        ++skipped_;
        if (c != '\n' || skipped_ > 2 * std::size_t{limits_.empty_lines}) {
            return refuse(problem::bad_start_line);
        }
        state_ = state::before;
        return true;
    }
    if (state_ == state::start_line && !start_line_byte(c)) return false;
    if (length_ == limits_.head.count()) return refuse(problem::head_too_large);
    ++length_;
    switch (state_) {
        case state::start_line:
        case state::line:
            if (c == '\r') {
                state_ = state::line_lf;
            } else if (!is_text(c)) {
                return refuse(state_ == state::line ? problem::bad_header
                                                    : problem::bad_start_line);
            }
            return true;
        case state::line_begin:
            if (c == '\r') {
                state_ = state::last_lf;
                return true;
            }
            // A space or a tab continues the line before (obs-fold).
            if (!is_text(c) || c == ' ' || c == '\t') return refuse(problem::bad_header);
            if (++lines_ > limits_.headers) return refuse(problem::too_many_headers);
            state_ = state::line;
            return true;
        case state::line_lf:
        case state::last_lf:
            if (c != '\n') {
                return refuse(lines_ == 0 ? problem::bad_start_line : problem::bad_header);
            }
            state_ = state_ == state::last_lf ? state::complete : state::line_begin;
            return true;
        default: LODE_ASSERT(false);
    }
}

// The words of a request line have limits of their own, so that a long one gets its own answer.
bool head_scanner::start_line_byte(char c) {
    if (c == ' ') {
        ++spaces_;
        word_ = 0;
        return true;
    }
    if (kind_ == message_kind::response || c == '\r') return true;
    ++word_;
    if (spaces_ == 0 && word_ > method_max) return refuse(problem::bad_start_line);
    if (spaces_ == 1 && word_ > limits_.uri.count()) return refuse(problem::uri_too_long);
    return true;
}

bool head_scanner::refuse(http::problem p) {
    state_ = state::broken;
    problem_ = p;
    return false;
}

}  // namespace lode::frontend::http
