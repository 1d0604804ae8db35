#include "engine/runtime/pipe.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;

namespace {

using socket_pair = std::pair<std::unique_ptr<tcp_socket>, std::unique_ptr<tcp_socket>>;

task<socket_pair> connected() {
    auto listener = tcp_listener::open(*socket_address::parse("127.0.0.1:0"));
    LODE_ASSERT(listener.has_value());
    auto client = co_await tcp_socket::connect(listener->local(), now() + std::chrono::seconds(5));
    LODE_ASSERT(client.has_value());
    auto accepted = co_await listener->accept();
    LODE_ASSERT(accepted.has_value());
    listener->stop();
    co_return socket_pair(std::move(*client),
                          std::make_unique<tcp_socket>(accepted->fd, accepted->peer));
}

task<void> close_both(socket_pair& ends) {
    co_await ends.first->close();
    co_await ends.second->close();
}

std::vector<std::byte> pipe_noise(std::size_t length) {
    lode::random chance(length);
    std::vector<std::byte> made(length);
    for (auto& b : made) b = static_cast<std::byte>(chance.next());
    return made;
}

task<void> send_then_finish(tcp_socket& to, const std::vector<std::byte>& data) {
    LODE_ASSERT((co_await send_all(to, data)).has_value());
    LODE_ASSERT((co_await to.finish_sending()).has_value());
}

// Slower than it is sent to, so that the sender's socket gets full.
task<void> receive_slowly(tcp_socket& from, std::vector<std::byte>& out) {
    std::vector<std::byte> buffer(200'000);
    for (;;) {
        auto got = co_await from.receive(buffer);
        LODE_ASSERT(got.has_value());
        if (*got == 0) co_return;
        out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
        if (out.size() % 7 == 0) co_await sleep_for(std::chrono::milliseconds(2));
    }
}

task<void> relay(tcp_socket& from, tcp_socket& to, std::size_t most) {
    auto pipe = engine::pipe::take();
    LODE_ASSERT(pipe.has_value());
    for (;;) {
        auto got = co_await pipe->fill(from, most);
        LODE_ASSERT(got.has_value() && *got <= most && *got == pipe->held());
        if (*got == 0) break;
        while (pipe->held() > 0) LODE_ASSERT((co_await pipe->drain_some(to)).has_value());
    }
    LODE_ASSERT((co_await to.finish_sending()).has_value());
}

task<void> relay_all(const std::vector<std::byte>& data, std::size_t most,
                     std::vector<std::byte>& out) {
    socket_pair in = co_await connected();
    socket_pair onward = co_await connected();
    scope all;
    all.spawn(send_then_finish(*in.first, data));
    all.spawn(relay(*in.second, *onward.first, most));
    all.spawn(receive_slowly(*onward.second, out));
    co_await all.close();
    co_await close_both(in);
    co_await close_both(onward);
}

enum class cut_by : std::uint8_t { deadline, abort };

void cut(tcp_socket& s, cut_by how) {
    if (how == cut_by::deadline) s.expire_at(now() + std::chrono::milliseconds(30));
}

task<void> abort_if(tcp_socket& s, cut_by how) {
    co_await sleep_for(std::chrono::milliseconds(30));
    if (how == cut_by::abort) s.abort();
}

task<void> fill_from_silence(cut_by how, errc& seen) {
    socket_pair in = co_await connected();
    auto pipe = engine::pipe::take();
    LODE_ASSERT(pipe.has_value());
    cut(*in.second, how);
    scope helper;
    helper.spawn(abort_if(*in.second, how));
    auto got = co_await pipe->fill(*in.second, 100);
    if (!got) seen = got.error().code;
    co_await helper.close();
    co_await close_both(in);
}

// Nobody receives; the pipe keeps what the full socket did not take.
task<void> drain_to_sleeper(cut_by how, errc& seen, std::size_t& left) {
    socket_pair in = co_await connected();
    socket_pair onward = co_await connected();
    const auto data = pipe_noise(64 << 20);
    scope helper;
    helper.spawn(abort_if(*onward.first, how));
    {
        auto pipe = engine::pipe::take();
        LODE_ASSERT(pipe.has_value());
        cut(*onward.first, how);
        result<std::size_t> moved = std::size_t{0};
        while (moved) {
            if (pipe->held() == 0) {
                LODE_ASSERT((co_await send_all(*in.first, std::span(data).first(100'000))));
                LODE_ASSERT((co_await pipe->fill(*in.second, 100'000)).has_value());
            }
            moved = co_await pipe->drain_some(*onward.first);
        }
        seen = moved.error().code;
        left = pipe->held();
    }
    co_await helper.close();
    co_await close_both(in);
    co_await close_both(onward);
}

task<void> leave_bytes_then_take_again(std::vector<std::byte>& out) {
    socket_pair in = co_await connected();
    {
        auto pipe = engine::pipe::take();
        LODE_ASSERT(pipe.has_value());
        const auto old = pipe_noise(10);
        LODE_ASSERT((co_await send_all(*in.first, old)).has_value());
        LODE_ASSERT((co_await pipe->fill(*in.second, 10)).has_value());
    }
    co_await close_both(in);
    co_await relay_all(pipe_noise(1000), 1000, out);
}

task<void> drain_to_one_who_left(errc& seen) {
    socket_pair in = co_await connected();
    socket_pair onward = co_await connected();
    co_await onward.second->close();
    const auto data = pipe_noise(1000);
    auto pipe = engine::pipe::take();
    LODE_ASSERT(pipe.has_value());
    result<std::size_t> moved = std::size_t{0};
    for (int i = 0; moved && i < 100; ++i) {
        if (pipe->held() == 0) {
            LODE_ASSERT((co_await send_all(*in.first, data)).has_value());
            LODE_ASSERT((co_await pipe->fill(*in.second, data.size())).has_value());
        }
        moved = co_await pipe->drain_some(*onward.first);
        co_await sleep_for(std::chrono::milliseconds(1));
    }
    if (!moved) seen = moved.error().code;
    co_await close_both(in);
    co_await close_both(onward);
}

task<void> take_too_many(bool& beyond, bool& afterwards) {
    {
        std::vector<engine::pipe> taken;
        while (auto one = engine::pipe::take()) taken.push_back(std::move(*one));
        LODE_ASSERT(taken.size() <= engine::pipe::taken_max);
        beyond = engine::pipe::take().has_value();
    }
    afterwards = engine::pipe::take().has_value();
    co_return;
}

}  // namespace

TEST_CASE("what is received through a pipe is sent as it came, to one who reads slowly too") {
    const auto data = pipe_noise(9'000'001);
    const std::size_t most = GENERATE(1 << 20, 70'001);

    std::vector<std::byte> out;
    run_on_core([&] { return relay_all(data, most, out); });

    CHECK((out == data));
}

TEST_CASE("a deadline and an abort end the wait for bytes to come into a pipe") {
    errc late = errc::io;
    errc aborted = errc::io;
    run_on_core([&] { return fill_from_silence(cut_by::deadline, late); });
    run_on_core([&] { return fill_from_silence(cut_by::abort, aborted); });

    CHECK(late == errc::timed_out);
    CHECK(aborted == errc::cancelled);
}

TEST_CASE("a deadline and an abort end the wait for a full socket to take a pipe's bytes") {
    errc late = errc::io;
    errc aborted = errc::io;
    std::size_t left_late = 0;
    std::size_t left_aborted = 0;
    run_on_core([&] { return drain_to_sleeper(cut_by::deadline, late, left_late); });
    run_on_core([&] { return drain_to_sleeper(cut_by::abort, aborted, left_aborted); });

    CHECK(late == errc::timed_out);
    CHECK(aborted == errc::cancelled);
    CHECK(left_late > 0);
    CHECK(left_aborted > 0);
}

TEST_CASE("a pipe that was given back with bytes in it is not used again") {
    std::vector<std::byte> out;
    run_on_core([&] { return leave_bytes_then_take_again(out); });

    CHECK((out == pipe_noise(1000)));
}

TEST_CASE("draining a pipe to one who has left says closed") {
    // As a node does at start.
    LODE_ASSERT(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    errc seen = errc::io;
    run_on_core([&] { return drain_to_one_who_left(seen); });

    CHECK(seen == errc::closed);
}

TEST_CASE("pipes are limited, and there are some again once they are given back") {
    bool beyond = true;
    bool afterwards = false;
    run_on_core([&] { return take_too_many(beyond, afterwards); });

    CHECK_FALSE(beyond);
    CHECK(afterwards);
}
