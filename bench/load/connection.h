// bench/load/connection.h
//
// One connection of the generator: dials when it has to, asks, takes the answer. Bodies that nobody looks
// at stay in the kernel where the connection is plain TCP (MSG_TRUNC): the generator's memory and time are
// not spent on them.
//
//   Core      One.
//   Memory    The reader's 8 KiB; 64 KiB more from the first body that is sent or compared.
//   Errors    ask() says what broke; failure() names it for the list of errors. The connection is then
//             closed, and the next question dials anew.
//   Lifetime  close() must have been awaited before destruction.
//   Limits    Each question has its own deadline, dialling included; a dial takes 5 s at most. A connection
//             that a server closed while it was idle for a second is no failure: it is asked once more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/answer_word.h"
#include "bench/load/content.h"
#include "bench/load/recorder.h"
#include "engine/runtime/socket.h"
#include "engine/runtime/task.h"
#include "frontend/http/dialer.h"
#include "frontend/http/message_reader.h"

namespace lode::bench {

// A piece of an object: what is sent, or what an answer is compared with.
struct known_bytes {
    content of;
    std::uint64_t from = 0;
    bytes length;
};

class connection {
  public:
    struct question {
        std::string_view method;
        std::string_view head;  // with its empty line
        std::optional<known_bytes> upload;
        std::string_view upload_text;        // another body
        std::optional<known_bytes> compare;  // with the body of a 2xx
        enum class keep : std::uint8_t {
            none,
            text
        } body = keep::none;  // of a 2xx, up to `text_most`
        time_point until;
    };

    struct answer {
        unsigned status = 0;
        answer_word word = answer_word::unsaid;
        time_point first_byte;
        bytes announced;       // Content-Length, also of an answer to HEAD
        bytes body;            // received
        bool differs = false;  // compared, and not the same
        std::string text;      // of an answer other than 2xx, or where it was to be kept
        std::string etag;      // where text was to be kept
    };

    // All outlive the connection. `bin` may be shared: what is written there, nobody reads.
    connection(frontend::http::dialer& dialer, frontend::http::scheme scheme,
               std::span<std::byte> bin, recorder& seen);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // What `q` refers to is borrowed until the answer is there.
    engine::task<result<>> ask(const question& q);

    // The last one's.
    [[nodiscard]] const answer& answered() const { return answer_; }
    [[nodiscard]] std::string_view failure() const { return failure_; }

    // Ends what waits; for the end of a run.
    void give_up();
    engine::task<void> close();

    static constexpr std::size_t text_most = 16384;

  private:
    engine::task<result<>> ask_once(const question& q);
    engine::task<result<>> dial(time_point until);
    engine::task<result<>> converse(const question& q);
    engine::task<result<>> send(const question& q);
    engine::task<result<>> send_pieces(const known_bytes& what, std::string_view head);
    engine::task<result<>> take_body(const question& q);
    engine::task<result<std::size_t>> forget_some();
    engine::task<result<>> compare_body(const known_bytes& with);
    engine::task<result<>> keep_body();
    [[nodiscard]] std::span<std::byte> own_memory();
    std::unexpected<error> failed(error e, std::string_view closed_means);

    frontend::http::dialer& dialer_;
    frontend::http::scheme scheme_;
    std::span<std::byte> bin_;
    recorder& seen_;
    std::unique_ptr<engine::stream> stream_;
    engine::tcp_socket* socket_ = nullptr;  // stream_, where bodies may stay in the kernel
    std::optional<frontend::http::message_reader> reader_;
    std::unique_ptr<std::byte[]> memory_;
    answer answer_;
    std::string_view failure_;
    time_point last_used_{};
    bool given_up_ = false;
};

}  // namespace lode::bench
