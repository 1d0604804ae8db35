#include "engine/runtime/socket.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/runtime/operations.h"

namespace lode::engine {
namespace {

void set_option(int fd, int level, int option, int value) {
    // Each is an optimisation; a kernel that refuses one still moves bytes.
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

// Moves page references between a socket and a pipe, and never waits: of the two, splice() asks the
// descriptor of the socket, so that it is non-blocking for just as long. Nothing else runs meanwhile, and
// the ring starts no operation.
result<std::size_t> splice_now(int socket, int from, int to, std::size_t most) {
    int non_blocking = 1;
    if (::ioctl(socket, FIONBIO, &non_blocking) != 0) return fail_errno(errno);
    const ssize_t moved =
        ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    const int why = errno;
    non_blocking = 0;
    if (::ioctl(socket, FIONBIO, &non_blocking) != 0) return fail_errno(errno);
    if (moved < 0) return fail_errno(why);
    return static_cast<std::size_t>(moved);
}

bool would_wait(const error& e) { return e.sys == EAGAIN || e.sys == EINTR; }

}  // namespace

tcp_socket::tcp_socket(int fd, const socket_address& peer)
    : fd_(fd), peer_(peer), timer_(&expired, this) {
    LODE_ASSERT(fd >= 0);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

tcp_socket::~tcp_socket() {
    LODE_ASSERT(receiving_ == nullptr && sending_ == nullptr);
    if (fd_ >= 0) ::close(fd_);
}

task<result<std::unique_ptr<tcp_socket>>> tcp_socket::connect(socket_address to, time_point until) {
    const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return fail_errno(errno);
    auto made = std::make_unique<tcp_socket>(fd, to);
    made->expire_at(until);
    auto connected = co_await made->run(
        made->sending_, [&] { return engine::connect(fd, to.data(), to.length()); });
    if (!connected) {
        const error why = connected.error();
        co_await made->close();
        if (why.code == errc::timed_out || why.code == errc::cancelled) {
            co_return std::unexpected(why);
        }
        co_return fail(errc::unavailable, why.sys);
    }
    made->expire_at(never);
    co_return made;
}

// Runs one kernel operation with its place noted, so that a deadline or abort() can cancel it.
template <class Make>
task<result<std::uint32_t>> tcp_socket::run(operation*& slot, Make make) {
    LODE_ASSERT(slot == nullptr);
    if (ended_ != ended::no) co_return meaning({.code = errc::cancelled});
    if (fd_ < 0) co_return fail(errc::closed);
    auto op = make();
    slot = &op;
    auto outcome = co_await op;
    slot = nullptr;
    if (!outcome) co_return meaning(outcome.error());
    co_return outcome;
}

task<result<std::size_t>> tcp_socket::receive(std::span<std::byte> into) {
    LODE_ASSERT(!into.empty());
    // What answers to bytes that have just left is still on its way.
    const arrival expected = answered_ ? arrival::later : arrival::perhaps_there;
    answered_ = false;
    auto got = co_await run(receiving_, [&] { return engine::receive(fd_, into, expected); });
    if (!got) co_return std::unexpected(got.error());
    co_return *got;
}

task<result<std::size_t>> tcp_socket::discard(std::size_t most) {
    LODE_ASSERT(most > 0);
    auto got = co_await run(receiving_, [&] { return engine::discard(fd_, most); });
    if (!got) co_return std::unexpected(got.error());
    co_return *got;
}

void tcp_socket::wait_for_at_least(std::size_t amount) {
    if (amount == least_) return;
    const int least =
        static_cast<int>(std::min<std::size_t>(amount, std::numeric_limits<int>::max()));
    // The kernel halves it where the receive buffer is small; where it refuses, we wake up more often.
    if (::setsockopt(fd_, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0) least_ = amount;
}

task<result<>> tcp_socket::send(std::span<iovec> pieces) {
    answered_ = true;
    while (!pieces.empty()) {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
        auto sent = co_await run(sending_, [&] { return engine::send_message(fd_, message); });
        if (!sent) co_return std::unexpected(sent.error());
        // The kernel finishes the whole message except when it is interrupted.
        std::size_t done = *sent;
        while (!pieces.empty() && done >= pieces.front().iov_len) {
            done -= pieces.front().iov_len;
            pieces = pieces.subspan(1);
        }
        if (done > 0) {
            iovec& rest = pieces.front();
            rest.iov_base = static_cast<std::byte*>(rest.iov_base) + done;
            rest.iov_len -= done;
        }
    }
    co_return result<>{};
}

task<result<std::size_t>> tcp_socket::receive_into(int pipe, std::size_t most) {
    LODE_ASSERT(most > 0);
    for (;;) {
        // First, because only this waits for as many bytes as wait_for_at_least() said.
        auto ready = co_await run(receiving_, [&] { return engine::poll(fd_, POLLIN); });
        if (!ready) co_return std::unexpected(ready.error());
        auto moved = splice_now(fd_, fd_, pipe, most);
        if (moved) co_return moved;
        if (!would_wait(moved.error())) co_return meaning(moved.error());
    }
}

task<result<std::size_t>> tcp_socket::send_from(int pipe, std::size_t length) {
    LODE_ASSERT(length > 0);
    for (;;) {
        if (ended_ != ended::no) co_return meaning({.code = errc::cancelled});
        if (fd_ < 0) co_return fail(errc::closed);
        auto moved = splice_now(fd_, pipe, fd_, length);
        if (moved) co_return moved;
        if (!would_wait(moved.error())) co_return meaning(moved.error());
        auto ready = co_await run(sending_, [&] { return engine::poll(fd_, POLLOUT); });
        if (!ready) co_return std::unexpected(ready.error());
    }
}

task<result<>> tcp_socket::finish_sending() {
    auto done = co_await run(sending_, [&] { return engine::shutdown(fd_, SHUT_WR); });
    if (!done) co_return std::unexpected(done.error());
    co_return result<>{};
}

void tcp_socket::expire_at(time_point when) {
    deadline_ = when;
    if (ended_ == ended::timed_out && when > now()) ended_ = ended::no;
    if (when < timer_.due()) timer_.arm(when);
}

void tcp_socket::expired(void* self) {
    auto& me = *static_cast<tcp_socket*>(self);
    // The deadline usually moved on since the timer was armed.
    if (me.deadline_ > now()) {
        me.timer_.arm(me.deadline_);
        return;
    }
    me.cancel_all(ended::timed_out);
}

void tcp_socket::abort() { cancel_all(ended::aborted); }

void tcp_socket::cancel_all(ended why) {
    if (ended_ == ended::aborted) return;
    ended_ = why;
    if (receiving_ != nullptr) ring::current().cancel(*receiving_);
    if (sending_ != nullptr) ring::current().cancel(*sending_);
}

std::unexpected<error> tcp_socket::meaning(error e) const {
    if (ended_ == ended::timed_out) return fail(errc::timed_out);
    if (ended_ == ended::aborted) return fail(errc::cancelled);
    switch (e.sys) {
        case ECONNRESET:
        case EPIPE:
        case ENOTCONN: return fail(errc::closed, e.sys);
        case ETIMEDOUT: return fail(errc::timed_out, e.sys);
        default: return std::unexpected(e);
    }
}

task<void> tcp_socket::close() {
    LODE_ASSERT(receiving_ == nullptr && sending_ == nullptr);
    timer_.disarm();
    const int fd = std::exchange(fd_, -1);
    if (fd < 0) co_return;
    if (ended_ == ended::aborted) {
        // Given up: a reset tells the peer that this was no orderly end, and the kernel need not keep
        // our unsent bytes for a peer that does not read.
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    (void)co_await engine::close(fd);
}

result<tcp_listener> tcp_listener::open(const socket_address& at, int backlog) {
    const int fd = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail_errno(errno);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::bind(fd, at.data(), at.length()) != 0 || ::listen(fd, backlog) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        const int why = errno;
        ::close(fd);
        return fail_errno(why);
    }
    return tcp_listener(fd, socket_address::from(bound, length));
}

tcp_listener::tcp_listener(tcp_listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), local_(other.local_) {
    LODE_ASSERT(other.accepting_ == nullptr);
}

tcp_listener::~tcp_listener() {
    LODE_ASSERT(accepting_ == nullptr);
    if (fd_ >= 0) ::close(fd_);
}

task<result<tcp_listener::accepted>> tcp_listener::accept() {
    LODE_ASSERT(accepting_ == nullptr);
    if (stopped_) co_return fail(errc::cancelled);
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto op = awaited_operation([this, &from, &length](io_uring_sqe& entry) {
        io_uring_prep_accept(&entry, fd_, reinterpret_cast<sockaddr*>(&from), &length,
                             SOCK_CLOEXEC);
    });
    accepting_ = &op;
    auto got = co_await op;
    accepting_ = nullptr;
    if (stopped_) {
        if (got) ::close(static_cast<int>(*got));
        co_return fail(errc::cancelled);
    }
    if (!got) co_return std::unexpected(got.error());
    co_return accepted{.fd = static_cast<int>(*got), .peer = socket_address::from(from, length)};
}

void tcp_listener::stop() {
    if (std::exchange(stopped_, true)) return;
    if (accepting_ != nullptr) ring::current().cancel(*accepting_);
    // Pending connections of the backlog are reset when the descriptor goes; do not take more.
    (void)::shutdown(fd_, SHUT_RDWR);
}

}  // namespace lode::engine
