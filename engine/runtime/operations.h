// engine/runtime/operations.h
//
// One small awaitable per kernel request: `auto n = co_await receive(fd, buffer)`. Each answers
// with the kernel's non-negative result or an error that carries its errno. Buffers and addresses
// are borrowed until the answer comes.
#pragma once

#include <cstddef>
#include <span>

#include <sys/socket.h>
#include <sys/stat.h>

#include "engine/runtime/ring.h"

namespace lode::engine {

// Results are at most this long, because an io_uring completion carries 32 bits.
inline constexpr std::size_t operation_bytes_max = std::size_t{1} << 30U;

// `later`: nothing is expected to be there yet, so that the kernel need not look before it waits.
enum class arrival : std::uint8_t { perhaps_there, later };

inline auto receive(int fd, std::span<std::byte> into, arrival expected = arrival::perhaps_there) {
    LODE_ASSERT(into.size() <= operation_bytes_max);
    return awaited_operation([=](io_uring_sqe& entry) {
        io_uring_prep_recv(&entry, fd, into.data(), into.size(), 0);
        if (expected == arrival::later) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
    });
}

// Up to so many bytes that have come are forgotten without being copied anywhere. Only TCP can
// (tcp(7), MSG_TRUNC).
inline auto discard(int fd, std::size_t length) {
    LODE_ASSERT(length <= operation_bytes_max);
    return awaited_operation(
        [=](io_uring_sqe& entry) { io_uring_prep_recv(&entry, fd, nullptr, length, MSG_TRUNC); });
}

inline auto send(int fd, std::span<const std::byte> from) {
    LODE_ASSERT(from.size() <= operation_bytes_max);
    return awaited_operation([=](io_uring_sqe& entry) {
        io_uring_prep_send(&entry, fd, from.data(), from.size(), MSG_NOSIGNAL);
    });
}

// Several buffers in one message; `message` is borrowed. MSG_WAITALL makes the kernel finish it
// all.
inline auto send_message(int fd, const msghdr& message) {
    return awaited_operation([fd, m = &message](io_uring_sqe& entry) {
        io_uring_prep_sendmsg(&entry, fd, m, MSG_NOSIGNAL | MSG_WAITALL);
    });
}

inline auto connect(int fd, const sockaddr* address, socklen_t length) {
    return awaited_operation(
        [=](io_uring_sqe& entry) { io_uring_prep_connect(&entry, fd, address, length); });
}

// Until one of `events` (poll.h), an error or a hang-up is there.
inline auto poll(int fd, unsigned events) {
    return awaited_operation(
        [=](io_uring_sqe& entry) { io_uring_prep_poll_add(&entry, fd, events); });
}

inline auto shutdown(int fd, int how) {
    return awaited_operation([=](io_uring_sqe& entry) { io_uring_prep_shutdown(&entry, fd, how); });
}

inline auto close(int fd) {
    return awaited_operation([=](io_uring_sqe& entry) { io_uring_prep_close(&entry, fd); });
}

// Reads at an absolute offset, through this core's ring or the polled one beside it; uses the
// fixed-buffer form where `into` is registered memory.
inline auto read_at(int fd, std::span<std::byte> into, std::uint64_t offset,
                    ring& through = ring::current()) {
    LODE_ASSERT(into.size() <= operation_bytes_max);
    return awaited_operation(
        [=, &through](io_uring_sqe& entry) {
            const int registered = through.registered_index(into.data());
            const auto length = static_cast<unsigned>(into.size());
            if (registered >= 0) {
                io_uring_prep_read_fixed(&entry, fd, into.data(), length, offset, registered);
            } else {
                io_uring_prep_read(&entry, fd, into.data(), length, offset);
            }
        },
        through);
}

inline auto write_at(int fd, std::span<const std::byte> from, std::uint64_t offset,
                     ring& through = ring::current()) {
    LODE_ASSERT(from.size() <= operation_bytes_max);
    return awaited_operation(
        [=, &through](io_uring_sqe& entry) {
            const int registered = through.registered_index(from.data());
            const auto length = static_cast<unsigned>(from.size());
            if (registered >= 0) {
                io_uring_prep_write_fixed(&entry, fd, from.data(), length, offset, registered);
            } else {
                io_uring_prep_write(&entry, fd, from.data(), length, offset);
            }
        },
        through);
}

enum class sync_what : std::uint8_t { data, data_and_metadata };

inline auto fsync(int fd, sync_what what) {
    return awaited_operation([=](io_uring_sqe& entry) {
        io_uring_prep_fsync(&entry, fd, what == sync_what::data ? IORING_FSYNC_DATASYNC : 0);
    });
}

// `path` is borrowed and NUL-terminated.
inline auto open_at(int directory, const char* path, int flags, mode_t mode = 0) {
    return awaited_operation([=](io_uring_sqe& entry) {
        io_uring_prep_openat(&entry, directory, path, flags | O_CLOEXEC, mode);
    });
}

// What is to be known about a file, links followed; `path` and `into` are borrowed.
inline auto stat_at(int directory, const char* path, struct statx& into) {
    return awaited_operation([=, &into](io_uring_sqe& entry) {
        io_uring_prep_statx(&entry, directory, path, 0, STATX_BASIC_STATS, &into);
    });
}

}  // namespace lode::engine
