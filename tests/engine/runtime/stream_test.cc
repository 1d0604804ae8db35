// One suite for every kind of stream: what holds for a socket must hold for TLS and for the
// simulator.
#include "engine/runtime/stream.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "engine/runtime/simulation.h"
#include "engine/runtime/socket.h"
#include "engine/runtime/tls.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;

namespace {

using stream_pair = std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>>;

std::vector<std::byte> noise(std::size_t length) {
    lode::random chance(length);
    std::vector<std::byte> made(length);
    for (auto& b : made) b = static_cast<std::byte>(chance.next());
    return made;
}

task<void> send_then_finish(stream& s, const std::vector<std::byte>& data) {
    // Three pieces of uneven length, so that gathering is part of it.
    const std::size_t cut = data.size() / 3;
    const auto piece = [&](std::size_t from, std::size_t length) {
        return iovec{.iov_base = const_cast<std::byte*>(data.data()) + from, .iov_len = length};
    };
    iovec pieces[] = {piece(0, 1), piece(1, cut), piece(1 + cut, data.size() - cut - 1)};
    auto sent = co_await s.send(pieces);
    LODE_ASSERT(sent.has_value());
    auto finished = co_await s.finish_sending();
    LODE_ASSERT(finished.has_value());
}

task<void> receive_to_end(stream& s, std::vector<std::byte>& out) {
    std::vector<std::byte> buffer(50'000);
    for (;;) {
        auto got = co_await s.receive(buffer);
        LODE_ASSERT(got.has_value());
        if (*got == 0) co_return;
        out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

task<void> close_both(stream_pair& ends) {
    scope both;
    both.spawn(ends.first->close());
    both.spawn(ends.second->close());
    co_await both.close();
}

struct findings {
    std::vector<std::byte> at_first;
    std::vector<std::byte> at_second;
    errc late = errc::io;
    errc aborted = errc::io;
    errc after_peer_left = errc::io;
};

task<void> both_ways_at_once(stream_pair& ends, const std::vector<std::byte>& forth,
                             const std::vector<std::byte>& back, findings& f) {
    scope all;
    all.spawn(send_then_finish(*ends.first, forth));
    all.spawn(send_then_finish(*ends.second, back));
    all.spawn(receive_to_end(*ends.first, f.at_first));
    all.spawn(receive_to_end(*ends.second, f.at_second));
    co_await all.close();
    co_await close_both(ends);
}

task<void> wait_past_a_deadline(stream_pair& ends, findings& f) {
    std::byte one[1];
    ends.first->expire_at(now() + std::chrono::milliseconds(30));
    auto got = co_await ends.first->receive(one);
    if (!got) f.late = got.error().code;
    co_await close_both(ends);
}

task<void> abort_soon(stream& s) {
    co_await sleep_for(std::chrono::milliseconds(20));
    s.abort();
}

task<void> be_aborted(stream_pair& ends, findings& f) {
    scope helper;
    helper.spawn(abort_soon(*ends.first));
    std::byte one[1];
    auto got = co_await ends.first->receive(one);
    if (!got) f.aborted = got.error().code;
    co_await helper.close();
    co_await close_both(ends);
}

task<void> send_to_nobody(stream_pair& ends, findings& f) {
    co_await ends.second->close();
    const auto plenty = noise(1 << 20);
    for (int i = 0; i < 50; ++i) {
        auto sent = co_await send_all(*ends.first, plenty);
        if (!sent) {
            f.after_peer_left = sent.error().code;
            break;
        }
    }
    co_await ends.first->close();
}

using body = std::function<task<void>(stream_pair&)>;

task<stream_pair> connected_sockets() {
    auto listener = tcp_listener::open(*socket_address::parse("127.0.0.1:0"));
    LODE_ASSERT(listener.has_value());
    auto client = co_await tcp_socket::connect(listener->local(), now() + std::chrono::seconds(5));
    LODE_ASSERT(client.has_value());
    auto accepted = co_await listener->accept();
    LODE_ASSERT(accepted.has_value());
    listener->stop();
    co_return stream_pair(std::move(*client),
                          std::make_unique<tcp_socket>(accepted->fd, accepted->peer));
}

// A certificate for localhost, made once per run by the openssl command.
class certificate {
  public:
    certificate() {
        std::string made = (std::filesystem::temp_directory_path() / "lode-tls-XXXXXX").string();
        LODE_ASSERT(mkdtemp(made.data()) != nullptr);
        folder_ = made;
        const std::string command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
            " -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
            " -keyout " +
            folder_ + "/key.pem -out " + folder_ + "/cert.pem 2>/dev/null";
        LODE_ASSERT(std::system(command.c_str()) == 0);
    }
    ~certificate() { std::filesystem::remove_all(folder_); }
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;

    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    std::string folder_;
};

const std::string& certificate_folder() {
    static const certificate made;
    return made.folder();
}

struct tls_contexts {
    result<tls_context> client = tls_context::for_client(certificate_folder() + "/cert.pem");
    result<tls_context> server = tls_context::for_server(certificate_folder() + "/cert.pem",
                                                         certificate_folder() + "/key.pem");
};

task<void> accept_tls(std::unique_ptr<stream> below, const tls_context& context,
                      result<std::unique_ptr<stream>>& out) {
    out = co_await tls_stream::accept(std::move(below), context, now() + std::chrono::seconds(5));
}

task<result<stream_pair>> shake_hands(stream_pair below, tls_contexts& contexts, std::string host) {
    result<std::unique_ptr<stream>> server_end = fail(errc::closed);
    scope other;
    other.spawn(accept_tls(std::move(below.second), *contexts.server, server_end));
    auto client_end = co_await tls_stream::connect(std::move(below.first), *contexts.client, host,
                                                   now() + std::chrono::seconds(5));
    co_await other.close();
    if (client_end && server_end) {
        co_return stream_pair(std::move(*client_end), std::move(*server_end));
    }
    // TLS 1.3: the server may believe in a handshake that the client has refused.
    if (server_end) co_await (*server_end)->close();
    if (client_end) co_await (*client_end)->close();
    co_return std::unexpected(client_end ? server_end.error() : client_end.error());
}

task<void> run_over_tcp(body b) {
    auto ends = co_await connected_sockets();
    co_await b(ends);
}

task<void> run_over_tls(body b) {
    tls_contexts contexts;
    auto ends = co_await shake_hands(co_await connected_sockets(), contexts, "localhost");
    LODE_ASSERT(ends.has_value());
    co_await b(*ends);
}

task<void> run_over_simulated_tls(body b) {
    tls_contexts contexts;
    auto ends = co_await shake_hands(simulated_stream::make_pair({}), contexts, "127.0.0.1");
    LODE_ASSERT(ends.has_value());
    co_await b(*ends);
}

task<void> run_over_memory(body b) {
    stream_pair ends = simulated_stream::make_pair({});
    co_await b(ends);
}

// Runs `b` on the kind of stream that the test case's generator asks for.
void on_each_kind(std::string_view kind, const body& b) {
    if (kind == "tcp") run_on_core([&] { return run_over_tcp(b); });
    if (kind == "tls over tcp") run_on_core([&] { return run_over_tls(b); });
    if (kind == "simulated") {
        simulation world(5);
        REQUIRE(world.run(run_over_memory(b)) == simulation::outcome::finished);
    }
    if (kind == "tls over simulated") {
        simulation world(6);
        REQUIRE(world.run(run_over_simulated_tls(b)) == simulation::outcome::finished);
    }
}

#define EVERY_KIND \
    GENERATE(as<std::string>{}, "tcp", "tls over tcp", "simulated", "tls over simulated")

}  // namespace

TEST_CASE("bytes cross both ways at once, whole and in order, and the end is seen") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    const auto forth = noise(700'001);
    const auto back = noise(300'007);
    findings f;

    on_each_kind(kind, [&](stream_pair& ends) { return both_ways_at_once(ends, forth, back, f); });

    CHECK(f.at_second == forth);
    CHECK(f.at_first == back);
}

TEST_CASE("a receive whose deadline passes says timed_out") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    findings f;

    on_each_kind(kind, [&](stream_pair& ends) { return wait_past_a_deadline(ends, f); });

    CHECK(f.late == errc::timed_out);
}

namespace {

task<void> speak_after_a_deadline(stream_pair& ends, findings& f) {
    std::byte one[1];
    ends.first->expire_at(now() + std::chrono::milliseconds(20));
    auto got = co_await ends.first->receive(one);
    if (!got) f.late = got.error().code;
    ends.first->expire_at(now() + std::chrono::seconds(5));
    LODE_ASSERT((co_await send_all(*ends.first, noise(1000))).has_value());
    LODE_ASSERT((co_await ends.first->finish_sending()).has_value());
    co_await receive_to_end(*ends.second, f.at_second);
    co_await close_both(ends);
}

}  // namespace

TEST_CASE("a later deadline lets a stream that timed out say goodbye") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    findings f;

    on_each_kind(kind, [&](stream_pair& ends) { return speak_after_a_deadline(ends, f); });

    CHECK(f.late == errc::timed_out);
    CHECK((f.at_second == noise(1000)));
}

namespace {

// How many of `amount` there were to forget.
task<std::size_t> forget(tcp_socket& from, std::size_t amount) {
    std::size_t gone = 0;
    while (gone < amount) {
        auto some = co_await from.discard(amount - gone);
        if (!some || *some == 0) break;
        gone += *some;
    }
    co_return gone;
}

// Ten times: one byte is looked at, the rest of a piece is forgotten.
task<void> forget_most(stream_pair& ends, const std::vector<std::byte>& data, findings& f,
                       std::vector<std::size_t>& forgotten) {
    scope sender;
    sender.spawn(send_then_finish(*ends.first, data));
    auto& socket = dynamic_cast<tcp_socket&>(*ends.second);
    std::byte one[1];
    for (int i = 0; i < 10; ++i) {
        auto got = co_await socket.receive(one);
        LODE_ASSERT(got == 1UZ);
        f.at_second.push_back(one[0]);
        forgotten.push_back(co_await forget(socket, 99'999));
    }
    forgotten.push_back(co_await forget(socket, 1));
    co_await sender.close();
    co_await close_both(ends);
}

task<void> forget_what_does_not_come(stream_pair& ends, findings& f) {
    auto& socket = dynamic_cast<tcp_socket&>(*ends.second);
    socket.expire_at(now() + std::chrono::milliseconds(30));
    auto gone = co_await socket.discard(1000);
    if (!gone) f.late = gone.error().code;
    co_await close_both(ends);
}

}  // namespace

TEST_CASE("a socket forgets exactly what it is told to, and less when the peer has finished") {
    const auto data = noise(950'000);
    findings f;
    std::vector<std::size_t> forgotten;

    on_each_kind("tcp", [&](stream_pair& ends) { return forget_most(ends, data, f, forgotten); });

    REQUIRE(f.at_second.size() == 10);
    for (std::size_t i = 0; i < 10; ++i) CHECK(f.at_second[i] == data[i * 100'000]);
    CHECK(forgotten == std::vector<std::size_t>{99'999, 99'999, 99'999, 99'999, 99'999, 99'999,
                                                99'999, 99'999, 99'999, 49'999, 0});
}

TEST_CASE("forgetting what never comes ends with the deadline") {
    findings f;

    on_each_kind("tcp", [&](stream_pair& ends) { return forget_what_does_not_come(ends, f); });

    CHECK(f.late == errc::timed_out);
}

TEST_CASE("an aborted receive says cancelled") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    findings f;

    on_each_kind(kind, [&](stream_pair& ends) { return be_aborted(ends, f); });

    CHECK(f.aborted == errc::cancelled);
}

TEST_CASE("sending to a peer that has left says closed") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    findings f;

    on_each_kind(kind, [&](stream_pair& ends) { return send_to_nobody(ends, f); });

    CHECK(f.after_peer_left == errc::closed);
}

namespace {

task<void> read_slowly(stream& s, std::vector<std::byte>& out) {
    std::vector<std::byte> buffer(200'000);
    for (;;) {
        auto got = co_await s.receive(buffer);
        LODE_ASSERT(got.has_value());
        if (*got == 0) co_return;
        out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
        co_await sleep_for(std::chrono::microseconds(200));
    }
}

task<void> send_and_note(stream& s, const std::vector<std::byte>& data, bool& sent) {
    sent = (co_await send_all(s, data)).has_value();
    LODE_ASSERT((co_await s.finish_sending()).has_value());
}

task<void> answer_a_half_closed_peer(stream_pair& ends, const std::vector<std::byte>& answer,
                                     findings& f, bool& sent) {
    LODE_ASSERT((co_await ends.first->finish_sending()).has_value());
    scope both;
    both.spawn(send_and_note(*ends.second, answer, sent));
    both.spawn(read_slowly(*ends.first, f.at_first));
    co_await both.close();
    co_await close_both(ends);
}

}  // namespace

TEST_CASE("a peer that has finished sending still receives a long answer at its own pace") {
    const std::string kind = EVERY_KIND;
    CAPTURE(kind);
    const auto answer = noise(9'000'001);
    findings f;
    bool sent = false;

    on_each_kind(
        kind, [&](stream_pair& ends) { return answer_a_half_closed_peer(ends, answer, f, sent); });

    CHECK(sent);
    CHECK((f.at_first == answer));
}

namespace {

task<void> connect_to_nobody(errc& seen) {
    auto listener = tcp_listener::open(*socket_address::parse("127.0.0.1:0"));
    LODE_ASSERT(listener.has_value());
    const socket_address gone = listener->local();
    {
        auto dropped = std::move(*listener);
    }
    auto made = co_await tcp_socket::connect(gone, now() + std::chrono::seconds(5));
    if (!made) seen = made.error().code;
}

task<void> stop_while_accepting(errc& seen) {
    auto listener = tcp_listener::open(*socket_address::parse("[::1]:0"));
    LODE_ASSERT(listener.has_value());
    struct stopper {
        static task<void> soon(tcp_listener& l) {
            co_await sleep_for(std::chrono::milliseconds(10));
            l.stop();
        }
    };
    scope helper;
    helper.spawn(stopper::soon(*listener));
    auto got = co_await listener->accept();
    if (!got) seen = got.error().code;
    co_await helper.close();
}

task<void> shake_with_name(std::string name, errc& seen) {
    tls_contexts contexts;
    auto ends = co_await shake_hands(simulated_stream::make_pair({}), contexts, name);
    if (!ends) seen = ends.error().code;
}

}  // namespace

TEST_CASE("connecting to a port where nobody listens says unavailable") {
    errc seen = errc::io;
    run_on_core([&] { return connect_to_nobody(seen); });
    CHECK(seen == errc::unavailable);
}

TEST_CASE("stopping a listener ends the accept that waits") {
    errc seen = errc::io;
    run_on_core([&] { return stop_while_accepting(seen); });
    CHECK(seen == errc::cancelled);
}

TEST_CASE("a certificate for another name is refused") {
    simulation world(9);
    errc seen = errc::io;

    REQUIRE(world.run(shake_with_name("example.com", seen)) == simulation::outcome::finished);

    CHECK(seen == errc::denied);
}

TEST_CASE("addresses are read and written alike, and anything else is refused") {
    CHECK(socket_address::parse("127.0.0.1:9000")->text() == "127.0.0.1:9000");
    CHECK(socket_address::parse("[::1]:0")->text() == "[::1]:0");
    CHECK(socket_address::parse("0.0.0.0:65535")->port() == 65535);
    for (const char* bad : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                            "host:80", "::1:80", "[::1]", "1.2.3:80", "127.0.0.1:80 "}) {
        CAPTURE(bad);
        CHECK(!socket_address::parse(bad));
    }
}
