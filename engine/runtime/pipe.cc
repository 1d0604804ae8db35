#include "engine/runtime/pipe.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr int capacity = 1 << 20;

// A user who has too many pipes gets tiny ones, which cost more calls than copying costs.
constexpr int capacity_least = 64 << 10;

struct ends {
    int read = -1;
    int write = -1;
};

// This core's.
struct kept_pipes {
    kept_pipes() = default;
    kept_pipes(const kept_pipes&) = delete;
    kept_pipes& operator=(const kept_pipes&) = delete;
    ~kept_pipes() {
        for (unsigned i = 0; i < count; ++i) {
            ::close(free[i].read);
            ::close(free[i].write);
        }
    }

    std::array<ends, pipe::taken_max> free;
    unsigned count = 0;
    unsigned taken = 0;
};

kept_pipes& kept() {
    thread_local kept_pipes of_this_core;
    return of_this_core;
}

}  // namespace

std::optional<pipe> pipe::take() {
    kept_pipes& mine = kept();
    if (mine.taken == taken_max) return std::nullopt;
    if (mine.count > 0) {
        ++mine.taken;
        const ends e = mine.free[--mine.count];
        return pipe(e.read, e.write);
    }
    int made[2];
    if (::pipe2(made, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    (void)::fcntl(made[1], F_SETPIPE_SZ, capacity);
    if (::fcntl(made[1], F_GETPIPE_SZ) < capacity_least) {
        ::close(made[0]);
        ::close(made[1]);
        return std::nullopt;
    }
    ++mine.taken;
    return pipe(made[0], made[1]);
}

pipe::~pipe() {
    if (read_ < 0) return;
    kept_pipes& mine = kept();
    LODE_ASSERT(mine.taken > 0);
    --mine.taken;
    if (held_ == 0) {
        LODE_ASSERT(mine.count < taken_max);
        mine.free[mine.count++] = {.read = read_, .write = write_};
        return;
    }
    ::close(read_);
    ::close(write_);
}

task<result<std::size_t>> pipe::fill(tcp_socket& from, std::size_t most) {
    LODE_ASSERT(held_ == 0);
    auto got = co_await from.receive_into(write_, most);
    if (got) held_ = *got;
    co_return got;
}

task<result<std::size_t>> pipe::drain_some(tcp_socket& to) {
    LODE_ASSERT(held_ > 0);
    auto sent = co_await to.send_from(read_, held_);
    if (sent) {
        LODE_ASSERT(*sent <= held_);
        held_ -= *sent;
    }
    co_return sent;
}

}  // namespace lode::engine
