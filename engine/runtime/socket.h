// engine/runtime/socket.h
//
// TCP over the ring: a stream, how to open one, and a listener.
//
//   Core        The core whose ring was current when it was made.
//   Memory      One object per connection; no buffers.
//   Errors      As stream.h says; connect() also unavailable (nobody listens, no route).
//   Invariants  Descriptors are blocking: the ring waits for readiness itself, while a non-blocking one
//               may come back with EAGAIN (a half-closed peer makes it do so).
//   Limits      One message carries at most 1,024 pieces (UIO_MAXIOV).
#pragma once

#include <cstdint>
#include <memory>

#include "engine/runtime/address.h"
#include "engine/runtime/ring.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/timers.h"

namespace lode::engine {

class tcp_socket final : public stream {
  public:
    // Takes ownership of a connected descriptor.
    tcp_socket(int fd, const socket_address& peer);
    ~tcp_socket() override;

    static task<result<std::unique_ptr<tcp_socket>>> connect(socket_address to, time_point until);

    task<result<std::size_t>> receive(std::span<std::byte> into) override;
    void wait_for_at_least(std::size_t amount) override;
    task<result<>> send(std::span<iovec> pieces) override;
    task<result<>> finish_sending() override;
    void expire_at(time_point when) override;
    void abort() override;
    [[nodiscard]] bool aborted() const override { return ended_ == ended::aborted; }
    task<void> close() override;
    [[nodiscard]] std::string peer() const override { return peer_.text(); }

    [[nodiscard]] int fd() const { return fd_; }

    // As receive(), but the bytes are forgotten, and the kernel copies none of them.
    task<result<std::size_t>> discard(std::size_t most);

    // As receive(), but the bytes go into a pipe, which has to be empty, without being copied (pipe.h).
    task<result<std::size_t>> receive_into(int pipe, std::size_t most);
    // Sends at least one of the `length` bytes that a pipe holds; how many were sent.
    task<result<std::size_t>> send_from(int pipe, std::size_t length);

  private:
    enum class ended : std::uint8_t { no, timed_out, aborted };

    // What an operation that failed with `e` means on this stream.
    [[nodiscard]] std::unexpected<error> meaning(error e) const;
    void cancel_all(ended why);
    static void expired(void* self);

    template <class Make>
    task<result<std::uint32_t>> run(operation*& slot, Make make);

    int fd_;
    socket_address peer_;
    ended ended_ = ended::no;
    operation* receiving_ = nullptr;
    operation* sending_ = nullptr;
    std::size_t least_ = 1;  // as the kernel was told
    bool answered_ = false;  // sent since it last received
    time_point deadline_ = never;
    timer timer_;  // armed at or before deadline_; moved only when it fires
};

// Accepts connections; the descriptors may be handed to any core.
class tcp_listener {
  public:
    ~tcp_listener();
    tcp_listener(tcp_listener&& other) noexcept;
    tcp_listener& operator=(tcp_listener&&) = delete;

    // Port 0 takes a free one; local() tells which.
    [[nodiscard]] static result<tcp_listener> open(const socket_address& at, int backlog = 4096);

    struct accepted {
        int fd;  // owned by the caller
        socket_address peer;
    };
    // One at a time. cancelled after stop().
    task<result<accepted>> accept();

    // Ends a waiting accept() and refuses further connections. Idempotent.
    void stop();

    [[nodiscard]] const socket_address& local() const { return local_; }

  private:
    tcp_listener(int fd, const socket_address& local) : fd_(fd), local_(local) {}

    int fd_;
    socket_address local_;
    operation* accepting_ = nullptr;
    bool stopped_ = false;
};

}  // namespace lode::engine
