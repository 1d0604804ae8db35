// tests/frontend/http/conversation.h
//
// What a reader made of a sequence of bytes, as values that outlive it; and a stream that hands out
// bytes in exactly the pieces a test chose.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/assert.h"
#include "engine/runtime/simulation.h"
#include "engine/runtime/stream.h"
#include "frontend/http/message_reader.h"

namespace lode::frontend::http {

class scripted_stream final : public engine::stream {
  public:
    explicit scripted_stream(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

    engine::task<result<std::size_t>> receive(std::span<std::byte> into) override {
        LODE_ASSERT(!into.empty());
        last_receive_ = into.size();
        while (next_ < pieces_.size() && pieces_[next_].empty()) ++next_;
        if (next_ == pieces_.size()) co_return std::size_t{0};
        std::string& piece = pieces_[next_];
        const std::size_t count = std::min(piece.size(), into.size());
        std::copy_n(reinterpret_cast<const std::byte*>(piece.data()), count, into.begin());
        piece.erase(0, count);
        co_return count;
    }
    engine::task<result<>> send(std::span<iovec> pieces) override {
        ++messages_;
        for (const iovec& p : pieces) sent_.append(static_cast<const char*>(p.iov_base), p.iov_len);
        co_return result<>{};
    }
    engine::task<result<>> finish_sending() override { co_return result<>{}; }
    void expire_at(time_point) override {}
    void abort() override {}
    [[nodiscard]] bool aborted() const override { return false; }
    engine::task<void> close() override { co_return; }
    [[nodiscard]] std::string peer() const override { return "script"; }

    [[nodiscard]] const std::string& sent() const { return sent_; }
    [[nodiscard]] int messages() const { return messages_; }
    [[nodiscard]] std::size_t last_receive() const { return last_receive_; }

  private:
    std::vector<std::string> pieces_;
    std::size_t next_ = 0;
    std::size_t last_receive_ = 0;
    std::string sent_;
    int messages_ = 0;
};

using owned_fields = std::vector<std::pair<std::string, std::string>>;

inline owned_fields owned(std::span<const header> fields) {
    owned_fields copies;
    for (const header& h : fields) copies.emplace_back(h.name, h.value);
    return copies;
}

struct seen_request {
    std::string method, target, host;
    unsigned minor_version = 1;
    owned_fields headers;
    framing body_framing = framing::none;
    bool keep_alive = true;
    bool expect_continue = false;
    std::string body;
    owned_fields trailers;

    friend bool operator==(const seen_request&, const seen_request&) = default;
};

struct seen_response {
    unsigned status = 0;
    std::string reason;
    owned_fields headers;
    framing body_framing = framing::none;
    bytes content_length;
    bool keep_alive = true;
    std::string body;
    owned_fields trailers;

    friend bool operator==(const seen_response&, const seen_response&) = default;
};

// How the conversation ended.
struct ending {
    error why;
    http::problem problem = problem::none;

    friend bool operator==(const ending&, const ending&) = default;
};

// Looks at the head only after the body was read, so that a view that did not stay valid shows.
inline engine::task<void> read_requests(engine::stream& s, limits l,
                                        std::vector<seen_request>& seen, ending& end,
                                        std::size_t piece = 64) {
    message_reader reader(s, l);
    std::vector<std::byte> buffer(piece);
    for (;;) {
        auto head = co_await reader.read_request();
        if (!head) {
            end = {.why = head.error(), .problem = reader.problem()};
            co_return;
        }
        seen_request now;
        while (!reader.body_complete()) {
            auto got = co_await reader.read_body(buffer);
            if (!got) {
                end = {.why = got.error(), .problem = reader.problem()};
                co_return;
            }
            now.body.append(reinterpret_cast<const char*>(buffer.data()), *got);
        }
        now.method = head->method;
        now.target = head->target;
        now.host = head->host;
        now.minor_version = head->minor_version;
        now.headers = owned(head->headers);
        now.body_framing = head->body;
        now.keep_alive = head->keep_alive;
        now.expect_continue = head->expect_continue;
        now.trailers = owned(reader.trailers());
        seen.push_back(std::move(now));
    }
}

inline engine::task<void> read_responses(engine::stream& s, limits l, std::string method,
                                         std::vector<seen_response>& seen, ending& end,
                                         message_reader::interim i = message_reader::interim::skip,
                                         std::size_t piece = 64) {
    message_reader reader(s, l);
    std::vector<std::byte> buffer(piece);
    for (;;) {
        auto head = co_await reader.read_response(method, i);
        if (!head) {
            end = {.why = head.error(), .problem = reader.problem()};
            co_return;
        }
        seen_response now;
        while (!reader.body_complete()) {
            auto got = co_await reader.read_body(buffer);
            if (!got) {
                end = {.why = got.error(), .problem = reader.problem()};
                co_return;
            }
            now.body.append(reinterpret_cast<const char*>(buffer.data()), *got);
        }
        now.status = head->status;
        now.reason = head->reason;
        now.headers = owned(head->headers);
        now.body_framing = head->body;
        now.content_length = head->content_length;
        now.keep_alive = head->keep_alive;
        now.trailers = owned(reader.trailers());
        seen.push_back(std::move(now));
    }
}

struct requests_outcome {
    std::vector<seen_request> seen;
    ending end;

    friend bool operator==(const requests_outcome&, const requests_outcome&) = default;
};

struct responses_outcome {
    std::vector<seen_response> seen;
    ending end;

    friend bool operator==(const responses_outcome&, const responses_outcome&) = default;
};

inline requests_outcome requests_in(std::vector<std::string> pieces, const limits& l = {},
                                    std::size_t piece = 64) {
    engine::simulation world(1);
    scripted_stream s(std::move(pieces));
    requests_outcome out;
    const auto how = world.run(read_requests(s, l, out.seen, out.end, piece));
    LODE_ASSERT(how == engine::simulation::outcome::finished);
    return out;
}

inline responses_outcome responses_in(std::vector<std::string> pieces, std::string method = "GET",
                                      const limits& l = {},
                                      message_reader::interim i = message_reader::interim::skip) {
    engine::simulation world(1);
    scripted_stream s(std::move(pieces));
    responses_outcome out;
    const auto how = world.run(read_responses(s, l, std::move(method), out.seen, out.end, i));
    LODE_ASSERT(how == engine::simulation::outcome::finished);
    return out;
}

inline std::vector<std::string> byte_by_byte(const std::string& text) {
    std::vector<std::string> pieces;
    for (const char c : text) pieces.emplace_back(1, c);
    return pieces;
}

}  // namespace lode::frontend::http
