// tools/lode-origin/exchange.h
//
// One request on one connection: reading its body, writing its answer, with the faults that were
// asked for. Everything an S3 answer always carries (request id, Date, Server) is added here.
//
//   Core     One, the connection's.
//   Memory   The head, and one buffer while a body moves, borrowed from the core's pool.
//   Errors   A connection that fails makes the exchange broken(); what is written afterwards goes
//            nowhere. Handlers look at it only where they loop.
//   Lifetime Borrows the request's head, which stays valid until the next one is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/http/message_reader.h"
#include "tools/lode-origin/faults.h"
#include "tools/lode-origin/refusal.h"
#include "tools/lode-origin/storage/record.h"
#include "tools/lode-origin/tally.h"

namespace lode::dev_origin {

inline constexpr duration body_pause_max = std::chrono::seconds(60);

using header_list = std::vector<stored_header>;

class exchange {
  public:
    struct connection {
        engine::stream& stream;
        http::message_reader& reader;
        tally& counts;
        int fd;                    // the socket, to make it reset
        bool last = false;         // no further request is wanted on this connection
        std::string& head_buffer;  // reused from request to request
    };

    exchange(connection& on, const http::request_head& request, operation op);

    [[nodiscard]] const std::string& request_id() const { return request_id_; }
    [[nodiscard]] std::string_view resource() const;

    // Must be called before anything is answered.
    void suffer(const fault& f) { fault_ = f; }
    [[nodiscard]] const fault& suffering() const { return fault_; }

    // The request's payload as it stands in the message; 0 at its end. Says "100 Continue" first
    // where the client waits for it.
    engine::task<result<std::size_t>> receive(std::span<std::byte> into);

    // A whole answer. HEAD requests get its head only.
    engine::task<void> answer(unsigned status, header_list headers, std::string_view body = {});
    engine::task<void> answer_xml(unsigned status, std::string_view body);
    engine::task<void> answer_refusal(refusal r);

    // An answer whose body follows piece by piece, `length` bytes in all. The head leaves together
    // with the first piece.
    void begin(unsigned status, const header_list& headers, bytes length);
    engine::task<void> write(std::span<const std::byte> piece);
    // What is left of the answer, and of the request's body. Always the last call.
    engine::task<void> finish();

    // Ends the connection without an answer.
    void reset();

    [[nodiscard]] bool begun() const { return status_ != 0; }
    [[nodiscard]] bool broken() const { return broken_; }
    // Whether another request may follow on this connection.
    [[nodiscard]] bool keep_alive() const { return keep_alive_ && !broken_; }

  private:
    [[nodiscard]] bool answers_head() const { return request_.method == "HEAD"; }
    [[nodiscard]] bool has_body() const;
    engine::task<void> send(std::string_view head, std::span<const std::byte> piece);
    engine::task<void> trickle(std::string_view head);
    engine::task<void> pace(std::size_t count);
    void write_head(unsigned status, const header_list& headers, std::int64_t stated_length);

    connection& on_;
    const http::request_head& request_;
    operation op_;
    std::string request_id_;
    fault fault_;
    unsigned status_ = 0;
    bool head_unsent_ = false;
    bool continued_ = false;
    bool keep_alive_ = true;
    bool broken_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
};

}  // namespace lode::dev_origin
