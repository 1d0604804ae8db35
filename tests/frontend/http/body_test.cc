#include <array>
#include <cstring>
#include <string>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "frontend/http/chunk_writer.h"
#include "frontend/http/head_writer.h"
#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::http;

namespace {

const std::string chunked_head = "PUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string put(std::size_t length) {
    return "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string random_text(lode::random& chance, std::size_t length) {
    std::string text(length, '\0');
    for (char& c : text) c = static_cast<char>(chance.below(256));
    return text;
}

}  // namespace

TEST_CASE("pipelined requests are read one after the other, bodies and all") {
    const std::string text = put(3) + "one" + put(0) + chunked_head + "3\r\ntwo\r\n0\r\n\r\n" +
                             "GET / HTTP/1.1\r\nHost: h\r\n\r\n" + put(5) + "three";

    const auto got = requests_in({text});

    REQUIRE(got.seen.size() == 5);
    CHECK(got.seen[0].body == "one");
    CHECK(got.seen[1].body_framing == framing::length);
    CHECK(got.seen[1].body.empty());
    CHECK(got.seen[2].body == "two");
    CHECK(got.seen[3].body_framing == framing::none);
    CHECK(got.seen[4].body == "three");
    CHECK(got.end == ending{{.code = errc::closed}, problem::transport});
}

TEST_CASE("a body never takes a byte of the next message") {
    const std::string next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    for (const std::size_t piece : {1UL, 3UL, 4UL, 5UL, 1000UL}) {
        const auto sized = requests_in({put(4) + "body" + next}, {}, piece);
        REQUIRE(sized.seen.size() == 2);
        CHECK(sized.seen[0].body == "body");
        CHECK(sized.seen[1].target == "/next");
        const auto in_chunks =
            requests_in({chunked_head + "4\r\nbody\r\n0\r\n\r\n" + next}, {}, piece);
        REQUIRE(in_chunks.seen.size() == 2);
        CHECK(in_chunks.seen[0].body == "body");
        CHECK(in_chunks.seen[1].target == "/next");
    }
}

TEST_CASE("a chunked body that is no chunked body is refused") {
    struct bad_case {
        const char* what;
        std::string body;
        problem expected;
    };
    const std::vector<bad_case> table = {
        {"no size", "\r\n", problem::bad_chunk},
        {"a size that is none", "x\r\n", problem::bad_chunk},
        {"a signed size", "+5\r\nhello\r\n", problem::bad_chunk},
        {"a prefixed size", "0x5\r\nhello\r\n", problem::bad_chunk},
        {"a size of 2^64", "10000000000000000\r\n", problem::bad_chunk},
        {"a size of 2^64 + 5", "10000000000000005\r\nhello\r\n0\r\n\r\n", problem::bad_chunk},
        {"a size of 2^60", "1000000000000000\r\n", problem::bad_chunk},
        {"a space before the size", " 5\r\nhello\r\n", problem::bad_chunk},
        {"a space after the size", "5 \r\nhello\r\n", problem::bad_chunk},
        {"a bare LF after the size", "5\nhello\r\n", problem::bad_chunk},
        {"a bare CR after the size", "5\rhello\r\n", problem::bad_chunk},
        {"a bare LF in an extension", "5;a\nhello\r\n", problem::bad_chunk},
        {"a bare CR in an extension", "5;a\rb\r\nhello\r\n", problem::bad_chunk},
        {"NUL in an extension", std::string("5;a\0\r\nhello\r\n", 13), problem::bad_chunk},
        {"a chunk longer than its size", "5\r\nhello!\r\n", problem::bad_chunk},
        {"a chunk without its CR", "5\r\nhelloX\n0\r\n\r\n", problem::bad_chunk},
        {"a chunk that ends with LF", "5\r\nhello\n0\r\n\r\n", problem::bad_chunk},
        {"the end inside a size", "5", problem::incomplete_body},
        {"the end inside a chunk", "5\r\nhel", problem::incomplete_body},
        {"the end before the last chunk", "5\r\nhello\r\n", problem::incomplete_body},
        {"the end inside the trailers", "0\r\na: b\r\n", problem::incomplete_body},
        {"a trailer without a colon", "0\r\nabc\r\n\r\n", problem::bad_trailer},
        {"a trailer with a space before the colon", "0\r\na : b\r\n\r\n", problem::bad_trailer},
        {"a continued trailer", "0\r\na: b\r\n c\r\n\r\n", problem::bad_trailer},
        {"a continued trailer at the start", "0\r\n a: b\r\n\r\n", problem::bad_trailer},
        {"a bare LF in a trailer", "0\r\na: b\nc: d\r\n\r\n", problem::bad_trailer},
        {"a bare CR in a trailer", "0\r\na: b\rc: d\r\n\r\n", problem::bad_trailer},
        {"a length as trailer", "0\r\nContent-Length: 3\r\n\r\n", problem::bad_trailer},
        {"a coding as trailer", "0\r\ntransfer-encoding: chunked\r\n\r\n", problem::bad_trailer},
        {"a Host as trailer", "0\r\nHost: x\r\n\r\n", problem::bad_trailer},
    };
    for (const bad_case& c : table) {
        INFO(c.what);
        const auto got = requests_in({chunked_head + c.body});
        CHECK(got.seen.empty());
        CHECK(got.end.problem == c.expected);
        CHECK(requests_in(byte_by_byte(chunked_head + c.body)) == got);
    }
}

TEST_CASE("the limits of chunk lines and trailers hold at their byte") {
    limits l;
    l.chunk_line = bytes(20);
    l.trailers = bytes(40);
    l.headers = 4;
    const auto with_line = [&](std::size_t length) {
        return requests_in(
            {chunked_head + "1;" + std::string(length - 4, 'e') + "\r\nx\r\n0\r\n\r\n"}, l);
    };
    const auto with_trailers = [&](std::size_t length) {
        return requests_in({chunked_head + "0\r\na: " + std::string(length - 7, 't') + "\r\n\r\n"},
                           l);
    };
    const auto with_count = [&](int count) {
        std::string text = chunked_head + "0\r\n";
        for (int i = 0; i < count; ++i) text += "a:b\r\n";
        return requests_in({text + "\r\n"}, l);
    };
    CHECK(with_line(19).seen.size() == 1);
    CHECK(with_line(20).seen.size() == 1);
    CHECK(with_line(21).end.problem == problem::chunk_line_too_long);
    CHECK(with_trailers(39).seen.size() == 1);
    CHECK(with_trailers(40).seen.size() == 1);
    CHECK(with_trailers(41).end.problem == problem::trailers_too_large);
    CHECK(with_trailers(41).end.why.code == errc::too_large);
    CHECK(with_count(3).seen.size() == 1);
    CHECK(with_count(4).seen.size() == 1);
    CHECK(with_count(5).end.problem == problem::too_many_headers);
    // Zeros before a size count against its line.
    CHECK(
        requests_in({chunked_head + std::string(17, '0') + "1\r\nx\r\n0\r\n\r\n"}, l).seen.size() ==
        1);
    CHECK(
        requests_in({chunked_head + std::string(18, '0') + "1\r\nx\r\n0\r\n\r\n"}, l).end.problem ==
        problem::chunk_line_too_long);
}

namespace {

struct direct_check {
    std::size_t outside = 0;  // receives that did not go into the caller's memory
    std::string body;
};

// Counts where the bytes of a body are received to.
class watching_stream final : public stream {
  public:
    explicit watching_stream(stream& below) : below_(below) {}
    void watch(std::span<const std::byte> memory) { memory_ = memory; }

    task<result<std::size_t>> receive(std::span<std::byte> into) override {
        const std::less<> before;
        const bool inside = !before(into.data(), memory_.data()) &&
                            !before(memory_.data() + memory_.size(), into.data() + into.size());
        auto got = co_await below_.receive(into);
        if (!inside && got) outside_ += *got;
        co_return got;
    }
    task<result<>> send(std::span<iovec> pieces) override {
        co_return co_await below_.send(pieces);
    }
    task<result<>> finish_sending() override { co_return co_await below_.finish_sending(); }
    void expire_at(time_point when) override { below_.expire_at(when); }
    void abort() override { below_.abort(); }
    [[nodiscard]] bool aborted() const override { return false; }
    task<void> close() override { co_await below_.close(); }
    [[nodiscard]] std::string peer() const override { return "watched"; }

    [[nodiscard]] std::size_t outside() const { return outside_; }

  private:
    stream& below_;
    std::span<const std::byte> memory_;
    std::size_t outside_ = 0;
};

task<void> read_into(stream& s, std::span<std::byte> memory, direct_check& seen) {
    watching_stream watched(s);
    watched.watch(memory);
    message_reader reader(watched, {});
    auto head = co_await reader.read_request();
    LODE_ASSERT(head.has_value());
    std::size_t done = 0;
    while (!reader.body_complete()) {
        auto got = co_await reader.read_body(memory.subspan(done));
        LODE_ASSERT(got.has_value());
        done += *got;
    }
    seen.outside = watched.outside();
    seen.body.assign(reinterpret_cast<const char*>(memory.data()), done);
}

direct_check read_directly(std::vector<std::string> pieces, std::size_t room) {
    simulation world(1);
    scripted_stream s(std::move(pieces));
    std::vector<std::byte> memory(room);
    direct_check seen;
    const auto how = world.run(read_into(s, memory, seen));
    LODE_ASSERT(how == simulation::outcome::finished);
    return seen;
}

}  // namespace

TEST_CASE("the bytes of a large body are received straight into the caller's memory") {
    const std::string payload(1 << 20, 'p');
    const std::string head = put(payload.size());

    const auto sized = read_directly({head, payload}, payload.size() + 1);
    CHECK(sized.outside == head.size());
    CHECK(sized.body == payload);

    // What came along with the head cannot be unread.
    const auto together = read_directly({head + payload}, payload.size() + 1);
    CHECK(together.outside <= 8192);
    CHECK(together.body == payload);

    std::string in_chunks;
    for (int i = 0; i < 16; ++i) in_chunks += "10000\r\n" + payload.substr(0, 65536) + "\r\n";
    const auto chunked = read_directly({chunked_head + in_chunks + "0\r\n\r\n"}, 2 << 20);
    CHECK(chunked.outside < payload.size() / 5);
    CHECK(chunked.body == payload);
}

namespace {

struct taken_check {
    std::vector<bytes> in_stream;  // after the head, and after each step
    std::string rest;
    bytes read;
    bool complete = false;
    bool next = false;
};

// Takes part of a body from under the reader, as a pipe does, and reads the rest through it.
task<void> take_from_stream(stream& s, std::size_t taken, taken_check& seen) {
    message_reader reader(s, {});
    std::vector<std::byte> memory(taken);
    const auto head = co_await reader.read_request();
    LODE_ASSERT(head.has_value());
    seen.in_stream.push_back(reader.body_in_stream());
    for (std::size_t at = 0; at < taken;) {
        auto got = co_await s.receive(std::span(memory).subspan(at));
        LODE_ASSERT(got && *got > 0);
        reader.body_taken(bytes(*got));
        at += *got;
    }
    seen.in_stream.push_back(reader.body_in_stream());
    std::array<std::byte, 100> piece{};
    while (!reader.body_complete()) {
        auto got = co_await reader.read_body(piece);
        LODE_ASSERT(got && *got > 0);
        seen.rest.append(reinterpret_cast<const char*>(piece.data()), *got);
    }
    seen.read = reader.body_read();
    seen.complete = reader.may_continue();
    seen.next = (co_await reader.read_request()).has_value();
}

taken_check take(std::vector<std::string> pieces, std::size_t taken) {
    simulation world(1);
    scripted_stream s(std::move(pieces));
    taken_check seen;
    const auto how = world.run(take_from_stream(s, taken, seen));
    LODE_ASSERT(how == simulation::outcome::finished);
    return seen;
}

}  // namespace

TEST_CASE("what is taken of a body from under its reader counts as read") {
    const std::string payload(5000, 'p');
    const std::string next = put(0);

    const auto all = take({put(5000), payload, next}, 5000);
    CHECK(all.in_stream == std::vector{bytes(5000), bytes(0)});
    CHECK(all.read == bytes(5000));
    CHECK(all.complete);
    CHECK(all.next);

    const auto some = take({put(5000), payload.substr(0, 4990), payload.substr(4990), next}, 4990);
    CHECK(some.in_stream == std::vector{bytes(5000), bytes(10)});
    CHECK(some.rest == payload.substr(4990));
    CHECK(some.read == bytes(5000));
    CHECK(some.next);

    // What came along with the head stands before it.
    const auto behind = take({put(5000) + payload.substr(0, 1), payload.substr(1), next}, 0);
    CHECK(behind.in_stream == std::vector{bytes(0), bytes(0)});
    CHECK(behind.rest == payload);
    CHECK(behind.next);
}

namespace {

task<void> send_text(stream& s, std::string text) {
    (void)co_await send_all(s, std::as_bytes(std::span(text)));
    (void)co_await s.finish_sending();
}

struct plan {
    std::vector<std::string> bodies;
    std::vector<std::size_t> chunk_sizes;
};

// A client that writes requests with the writers of this module, some chunked, some not.
task<void> write_requests(stream& s, const plan& p) {
    std::string head;
    chunk_writer chunks;
    for (std::size_t i = 0; i < p.bodies.size(); ++i) {
        const auto body = std::as_bytes(std::span(p.bodies[i]));
        head_writer w(head);
        w.request("PUT", "/k" + std::to_string(i)).field("Host", "h");
        if (p.chunk_sizes[i] == 0) {
            iovec pieces[] = {piece_of(w.content_length(bytes(body.size())).end()), piece_of(body)};
            (void)co_await s.send(pieces);
            continue;
        }
        std::string_view front = w.field("Transfer-Encoding", "chunked").end();
        for (std::size_t at = 0; at < body.size();) {
            const auto piece = body.subspan(at, std::min(p.chunk_sizes[i], body.size() - at));
            (void)co_await chunks.send(s, piece, front);
            front = {};
            at += piece.size();
        }
        const header trailer{"x-sum", "1"};
        (void)co_await chunks.finish(s, {&trailer, 1}, front);
    }
    (void)co_await s.finish_sending();
}

task<void> converse(stream& client, stream& server, const plan& p, requests_outcome& out,
                    std::size_t piece) {
    scope both;
    both.spawn(write_requests(client, p));
    both.spawn(read_requests(server, {}, out.seen, out.end, piece));
    co_await both.close();
    co_await client.close();
    co_await server.close();
}

}  // namespace

TEST_CASE("what is written is what is read, whatever the network does to its pieces") {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        INFO("seed " << seed);
        simulation world(seed);
        lode::random& chance = world.chance();
        auto [client, server] = simulated_stream::make_pair(
            {.buffer = 1 + chance.below(20000), .latency = duration(1)});
        plan p;
        for (std::uint64_t i = 0, n = 1 + chance.below(6); i < n; ++i) {
            p.bodies.push_back(random_text(chance, chance.below(i % 2 == 0 ? 100 : 30000)));
            p.chunk_sizes.push_back(chance.one_in(2) ? 0 : 1 + chance.below(9000));
        }
        requests_outcome out;

        const auto how = world.run(
            converse(*client, *server, p, out, 1 + chance.below(chance.one_in(2) ? 50 : 20000)));

        REQUIRE(how == simulation::outcome::finished);
        REQUIRE(out.end == ending{{.code = errc::closed}, problem::transport});
        REQUIRE(out.seen.size() == p.bodies.size());
        for (std::size_t i = 0; i < p.bodies.size(); ++i) {
            REQUIRE(out.seen[i].body == p.bodies[i]);
            REQUIRE(out.seen[i].target == "/k" + std::to_string(i));
            REQUIRE(out.seen[i].trailers.size() == (p.chunk_sizes[i] == 0 ? 0U : 1U));
        }
    }
}

namespace {

struct half_closed {
    bool body_complete = false;
    result<> sent = fail(errc::cancelled);
    std::string received;
};

task<void> answer_after_end(stream& s, half_closed& out) {
    message_reader reader(s, {});
    auto head = co_await reader.read_request();
    LODE_ASSERT(head.has_value());
    (void)co_await reader.discard_body(bytes(100));
    out.body_complete = reader.body_complete();
    co_await sleep_for(std::chrono::seconds(1));
    std::string text;
    const auto answer = head_writer(text).response(200).content_length(bytes(0)).end();
    out.sent = co_await send_all(s, std::as_bytes(std::span(answer)));
    (void)co_await s.finish_sending();
}

task<void> ask_and_finish(stream& s, half_closed& out) {
    co_await send_text(s, put(4) + "body");
    std::byte buffer[100];
    for (;;) {
        auto got = co_await s.receive(buffer);
        if (!got || *got == 0) co_return;
        out.received.append(reinterpret_cast<const char*>(buffer), *got);
    }
}

task<void> half_close(stream& client, stream& server, half_closed& out) {
    scope both;
    both.spawn(ask_and_finish(client, out));
    both.spawn(answer_after_end(server, out));
    co_await both.close();
    co_await client.close();
    co_await server.close();
}

}  // namespace

TEST_CASE("a client that has finished sending still gets its answer") {
    simulation world(7);
    auto [client, server] = simulated_stream::make_pair({});
    half_closed out;

    const auto how = world.run(half_close(*client, *server, out));

    REQUIRE(how == simulation::outcome::finished);
    CHECK(out.body_complete);
    CHECK(out.sent.has_value());
    CHECK(out.received == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

namespace {

struct slow {
    error idle_end;
    bool idle_begun = true;
    error head_end;
    bool head_begun = false;
    problem head_problem = problem::none;
};

task<void> wait_for_nothing(stream& s, slow& out) {
    message_reader reader(s, {});
    s.expire_at(now() + std::chrono::seconds(5));
    auto waited = co_await reader.wait_for_head();
    if (!waited) out.idle_end = waited.error();
    out.idle_begun = reader.head_begun();
}

task<void> wait_for_the_rest(stream& s, slow& out) {
    message_reader reader(s, {});
    s.expire_at(now() + std::chrono::seconds(60));
    auto waited = co_await reader.wait_for_head();
    LODE_ASSERT(waited.has_value());
    out.head_begun = reader.head_begun();
    s.expire_at(now() + std::chrono::seconds(5));
    auto head = co_await reader.read_request();
    out.head_end = head.error();
    out.head_problem = reader.problem();
}

task<void> drip(stream& s) {
    for (int i = 0; i < 20; ++i) {
        co_await sleep_for(std::chrono::seconds(1));
        const std::string_view bit = "GET / HTTP/1.1\r\nHost: h";
        if (!co_await send_all(s, std::as_bytes(std::span(bit.substr(std::size_t(i), 1))))) break;
    }
}

task<void> be_slow(stream& idle_client, stream& idle, stream& client, stream& server, slow& out) {
    scope all;
    all.spawn(wait_for_nothing(idle, out));
    all.spawn(wait_for_the_rest(server, out));
    all.spawn(drip(client));
    co_await all.close();
    for (stream* s : {&idle_client, &idle, &client, &server}) co_await s->close();
}

}  // namespace

TEST_CASE("an idle client and a slow one are told apart") {
    simulation world(3);
    auto [idle_client, idle] = simulated_stream::make_pair({});
    auto [client, server] = simulated_stream::make_pair({});
    slow out;

    const auto how = world.run(be_slow(*idle_client, *idle, *client, *server, out));

    REQUIRE(how == simulation::outcome::finished);
    CHECK(out.idle_end.code == errc::timed_out);
    CHECK_FALSE(out.idle_begun);
    CHECK(out.head_begun);
    CHECK(out.head_end.code == errc::timed_out);
    CHECK(status_of(out.head_problem, out.head_end) == 408);
}

namespace {

struct discarded {
    result<> first = fail(errc::cancelled);
    std::string next;
    std::optional<bytes> left;
};

task<void> discard_then_read(stream& s, bytes most, discarded& out) {
    message_reader reader(s, {});
    auto head = co_await reader.read_request();
    LODE_ASSERT(head.has_value());
    out.left = reader.body_left();
    out.first = co_await reader.discard_body(most);
    if (!out.first) co_return;
    auto next = co_await reader.read_request();
    if (next) out.next = next->target;
}

discarded discard(const std::string& text, bytes most) {
    simulation world(1);
    scripted_stream s({text});
    discarded out;
    const auto how = world.run(discard_then_read(s, most, out));
    LODE_ASSERT(how == simulation::outcome::finished);
    return out;
}

}  // namespace

TEST_CASE("a body nobody wants is read past, up to a limit") {
    const std::string next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string payload(20000, 'p');
    const std::string in_chunks = "2710\r\n" + payload.substr(0, 10000) + "\r\n2710\r\n" +
                                  payload.substr(0, 10000) + "\r\n0\r\na: b\r\n\r\n";

    const auto sized = discard(put(20000) + payload + next, bytes(20000));
    CHECK(sized.left == bytes(20000));
    CHECK(sized.next == "/next");
    const auto chunked = discard(chunked_head + in_chunks + next, bytes(20000));
    CHECK_FALSE(chunked.left.has_value());
    CHECK(chunked.next == "/next");

    CHECK(discard(put(20000) + payload + next, bytes(19999)).first == fail(errc::too_large));
    CHECK(discard(chunked_head + in_chunks + next, bytes(19999)).first == fail(errc::too_large));
    CHECK(discard(put(0) + next, bytes(0)).next == "/next");
}
