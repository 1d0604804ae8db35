// engine/runtime/stream.h
//
// A connection as a sequence of bytes in each direction. Sockets, TLS and the simulator are
// streams; everything above speaks to this.
//
//   Core        One. At most one receive and one send at a time.
//   Errors      closed: the peer reset or the other side is gone. timed_out: the deadline passed.
//               cancelled: abort() was called. After any error but timed_out only close() is
//               useful.
//   Lifetime    Buffers are borrowed until the call returns. close() must have been awaited before
//               destruction.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <sys/uio.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/task.h"

namespace lode::engine {

class stream {
  public:
    stream() = default;
    virtual ~stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    // At least one byte, or 0 when the peer has finished sending.
    virtual task<result<std::size_t>> receive(std::span<std::byte> into) = 0;

    // From now on receive() may wait until so many bytes have come or the peer has finished: waking up
    // for each few of a large body costs more than it saves. Never more than will come; 1 switches it off.
    virtual void wait_for_at_least(std::size_t /*amount*/) {}

    // Sends everything in `pieces`, in one message where possible. The pieces' iovecs are consumed:
    // their contents are unspecified afterwards.
    virtual task<result<>> send(std::span<iovec> pieces) = 0;

    // Says that we send no more; the peer sees the end of our bytes.
    virtual task<result<>> finish_sending() = 0;

    // From `when` on, whatever waits on this stream fails with timed_out. Cheap to move forward, so that
    // callers set it before each step; a later deadline makes a stream that timed out usable again, to
    // say so to the peer. `never` switches it off.
    virtual void expire_at(time_point when) = 0;

    // Fails whatever waits now and later with cancelled, and makes close() a reset instead of an orderly
    // end. Does not wait.
    virtual void abort() = 0;
    // abort() was called: the stream is of no use to anybody, even if nothing has failed yet.
    [[nodiscard]] virtual bool aborted() const = 0;

    virtual task<void> close() = 0;

    // "192.0.2.1:4711", for logs.
    [[nodiscard]] virtual std::string peer() const = 0;
};

// Sends one buffer.
inline task<result<>> send_all(stream& s, std::span<const std::byte> from) {
    // The kernel does not write through an iovec it sends from.
    iovec piece{.iov_base = const_cast<std::byte*>(from.data()), .iov_len = from.size()};
    co_return co_await s.send({&piece, 1});
}

}  // namespace lode::engine
