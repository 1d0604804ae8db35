// engine/runtime/pipe.h
//
// A pipe between two TCP sockets: what one receives the other sends, and the kernel moves references to
// pages where a relay in memory would copy every byte twice.
//
//   auto pipe = pipe::take();
//   auto got = co_await pipe->fill(*from, most);
//   while (pipe->held() > 0) auto sent = co_await pipe->drain_some(*to);
//
//   Core        One. Pipes that are given back empty are kept for the core's next taker.
//   Memory      Two descriptors and what is in flight: 1 MiB, or less where the kernel allows less.
//   Errors      Those of the socket that failed, as stream.h says; deadlines and abort() as there.
//               The process ignores SIGPIPE: no flag of splice() keeps the signal away.
//   Invariants  It is filled only when it is empty. A pipe that holds bytes is closed, not kept.
//   Limits      `taken_max` at a time on a core.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "engine/runtime/socket.h"

namespace lode::engine {

class pipe {
  public:
    static constexpr unsigned taken_max = 32;

    // Nothing: as many are taken, or the kernel gives none that is worth it. Then bytes are copied.
    [[nodiscard]] static std::optional<pipe> take();

    pipe(pipe&& other) noexcept
        : read_(std::exchange(other.read_, -1)),
          write_(std::exchange(other.write_, -1)),
          held_(std::exchange(other.held_, 0)) {}
    pipe& operator=(pipe&&) = delete;
    ~pipe();

    // At least one byte and at most `most`, or 0 when the peer has finished sending.
    task<result<std::size_t>> fill(tcp_socket& from, std::size_t most);

    // At least one of the bytes it holds; how many. Before each the caller may set a deadline.
    task<result<std::size_t>> drain_some(tcp_socket& to);

    [[nodiscard]] std::size_t held() const { return held_; }

  private:
    pipe(int read, int write) : read_(read), write_(write) {}

    int read_;
    int write_;
    std::size_t held_ = 0;
};

}  // namespace lode::engine
