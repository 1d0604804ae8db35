#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::frontend::http;

namespace {

problem answer_problem(const std::string& text, const std::string& method = "GET") {
    const auto got = responses_in({text}, method);
    return got.seen.empty() ? got.end.problem : problem::none;
}

struct seen_through {
    std::vector<unsigned> statuses;
    std::vector<std::string> ahead;  // what came of each body with its head
    std::vector<std::string> rest;   // and what was read then
    bool in_place = true;            // what came ahead lay in the memory that was lent
    bool has_more = false;           // behind the last message
    problem why = problem::none;
};

std::string text_of(std::span<const std::byte> data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

enum class ahead_is : std::uint8_t { taken, left };

lode::engine::task<void> read_through(lode::engine::stream& s, std::span<std::byte> memory,
                                      ahead_is a, std::size_t messages, seen_through& seen) {
    message_reader reader(s, {});
    std::vector<std::byte> piece(700);
    for (std::size_t n = 0; n < messages; ++n) {
        auto head = co_await reader.read_response_through(memory, "GET");
        seen.why = reader.problem();
        if (!head) co_return;
        seen.statuses.push_back(head->status);
        std::span<std::byte> ahead;
        if (a == ahead_is::taken) ahead = reader.take_body_ahead();
        seen.in_place =
            seen.in_place &&
            (ahead.empty() || (ahead.data() > memory.data() &&
                               ahead.data() + ahead.size() <= memory.data() + memory.size()));
        seen.ahead.push_back(text_of(ahead));
        seen.rest.emplace_back();
        while (!reader.body_complete()) {
            auto got = co_await reader.read_body(piece);
            seen.why = reader.problem();
            if (!got) co_return;
            seen.rest.back() += text_of(std::span(piece).first(*got));
        }
        seen.has_more = reader.has_more();
    }
}

seen_through through(std::vector<std::string> pieces, std::size_t room, std::size_t messages = 1,
                     ahead_is a = ahead_is::taken) {
    lode::engine::simulation world(1);
    scripted_stream s(std::move(pieces));
    std::vector<std::byte> memory(room);
    seen_through seen;
    const auto how = world.run(read_through(s, memory, a, messages, seen));
    LODE_ASSERT(how == lode::engine::simulation::outcome::finished);
    return seen;
}

std::string response_of(std::size_t length, std::size_t head_length = 0) {
    std::string head =
        "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(length) + "\r\n";
    while (head.size() + 100 < head_length) head += "X: " + std::string(90, 'x') + "\r\n";
    return head + "\r\n";
}

}  // namespace

TEST_CASE("a short body comes through lent memory together with its head") {
    std::string body;
    for (int i = 0; i < 20'000; ++i) body += static_cast<char>('a' + i % 23);

    for (const std::size_t head_length : {0U, 900U, 1100U, 3000U, 7500U}) {
        const std::string head = response_of(body.size(), head_length);

        const auto at_once = through({head + body}, 64 << 10);
        CHECK(at_once.ahead == std::vector{body});
        CHECK(at_once.rest == std::vector{std::string()});
        CHECK(at_once.in_place);
        CHECK(!at_once.has_more);

        const auto cut = through({head + body.substr(0, 5000), body.substr(5000)}, 64 << 10);
        CHECK(cut.ahead == std::vector{body.substr(0, 5000)});
        CHECK(cut.rest == std::vector{body.substr(5000)});

        const auto not_taken = through({head + body}, 64 << 10, 1, ahead_is::left);
        CHECK(not_taken.rest == std::vector{body});

        const auto little_room = through({head + body}, 50);
        CHECK(little_room.ahead[0] + little_room.rest[0] == body);

        for (const std::size_t at :
             {std::size_t{1}, std::size_t{20}, head.size() - 1, head.size(), head.size() + 1}) {
            const auto split =
                through({(head + body).substr(0, at), (head + body).substr(at)}, 64 << 10);
            CHECK(split.ahead[0] + split.rest[0] == body);
            CHECK(split.in_place);
        }
    }
}

TEST_CASE("lent memory serves one message after the other, and what nobody asked for is noticed") {
    const std::string one = response_of(3) + "abc";
    const auto two = through({one, response_of(0), response_of(4) + "defg"}, 4096, 3);
    CHECK(two.ahead == std::vector<std::string>{"abc", "", "defg"});
    CHECK(two.statuses == std::vector{206U, 206U, 206U});
    CHECK(!two.has_more);

    CHECK(through({one + "x"}, 4096).has_more);
    CHECK(through({one + std::string(3000, 'x')}, 4096).ahead == std::vector<std::string>{"abc"});
    CHECK(through({one + std::string(3000, 'x')}, 4096).has_more);
}

TEST_CASE("a head through lent memory is refused as any other") {
    CHECK(through({"HTTP/1.1 206\r\nContent-Length: 3\r\n\r\nab"}, 4096).why ==
          problem::incomplete_body);
    CHECK(through({"HTTP/1.1 206\r\nContent-Le"}, 4096).why == problem::incomplete_head);
    CHECK(through({""}, 4096).why == problem::transport);
    CHECK(through({"HTTP/1.1 206\r\n" + std::string(70'000, 'x')}, 128 << 10).why != problem::none);
    CHECK(through({"HTTP/1.1 103 Wait\r\n\r\n" + response_of(0)}, 4096).why ==
          problem::too_many_interim);
    // A body in chunks is read as ever.
    const auto chunked = through(
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}, 4096);
    CHECK(chunked.ahead == std::vector{std::string()});
    CHECK(chunked.rest == std::vector<std::string>{"abc"});
}

TEST_CASE("a response is read with its reason, its fields and its body") {
    const auto got = responses_in(
        {"HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\nhello"
         "HTTP/1.1 404\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"
         "HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"});
    REQUIRE(got.seen.size() == 3);
    CHECK(got.seen[0].status == 206);
    CHECK(got.seen[0].reason == "Partial Content");
    CHECK(got.seen[0].headers == owned_fields{{"ETag", "\"e\""}, {"Content-Length", "5"}});
    CHECK(got.seen[0].body == "hello");
    CHECK(got.seen[0].keep_alive);
    CHECK(got.seen[1].status == 404);
    CHECK(got.seen[1].reason.empty());
    CHECK(got.seen[1].body == "no");
    CHECK(got.seen[2].status == 200);
    CHECK_FALSE(got.seen[2].keep_alive);
}

TEST_CASE("HEAD, 204 and 304 have no body whatever their length says") {
    const std::string next = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    const auto head = responses_in({next + next}, "HEAD");
    REQUIRE(head.seen.size() == 2);
    CHECK(head.seen[0].body_framing == framing::none);
    CHECK(head.seen[0].content_length == bytes(7));
    CHECK(head.seen[0].keep_alive);

    const auto unchanged =
        responses_in({"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" + next + "1234567"});
    REQUIRE(unchanged.seen.size() == 2);
    CHECK(unchanged.seen[0].keep_alive);
    CHECK(unchanged.seen[1].body == "1234567");

    const auto deleted = responses_in({"HTTP/1.1 204 No Content\r\n\r\n"});
    REQUIRE(deleted.seen.size() == 1);
    CHECK(deleted.seen[0].keep_alive);
    // Whether a body follows is anybody's guess: the connection must not be used again.
    const auto odd = responses_in({"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n"});
    REQUIRE(odd.seen.size() == 1);
    CHECK_FALSE(odd.seen[0].keep_alive);
}

TEST_CASE("a body without any length ends with the connection") {
    const auto got = responses_in({"HTTP/1.1 200 OK\r\n\r\n", "abc", "def"});
    REQUIRE(got.seen.size() == 1);
    CHECK(got.seen[0].body_framing == framing::until_close);
    CHECK(got.seen[0].body == "abcdef");
    CHECK_FALSE(got.seen[0].keep_alive);
}

TEST_CASE("interim answers are skipped or reported, up to a limit") {
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const std::string final_answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";

    const auto skipped = responses_in({interim + hints + final_answer});
    REQUIRE(skipped.seen.size() == 1);
    CHECK(skipped.seen[0].status == 200);

    const auto reported =
        responses_in({interim + final_answer}, "PUT", {}, message_reader::interim::report);
    REQUIRE(reported.seen.size() == 2);
    CHECK(reported.seen[0].status == 100);
    CHECK(reported.seen[1].body == "x");

    limits l;
    l.interim = 2;
    CHECK(responses_in({interim + interim + final_answer}, "GET", l).seen.size() == 1);
    CHECK(responses_in({interim + interim + interim + final_answer}, "GET", l).end.problem ==
          problem::too_many_interim);
    // The limit counts per answer.
    CHECK(responses_in({interim + interim + final_answer + interim + final_answer}, "GET", l)
              .seen.size() == 2);
}

TEST_CASE("a response that can be read in two ways is refused") {
    CHECK(answer_problem("HTTP/1.1 206 Partial Content\r\nHTTP/1.1 400 Bad Request\r\n"
                         "Content-Length: 3\r\n\r\nabc") == problem::bad_header);
    CHECK(answer_problem("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc") ==
          problem::bad_framing);
    CHECK(answer_problem(
              "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") ==
          problem::bad_framing);
    CHECK(answer_problem("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n") ==
          problem::unsupported_coding);
    CHECK(answer_problem("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n"
                         "\r\n") == problem::unexpected_upgrade);
    CHECK(answer_problem("HTTP/2.0 200 OK\r\n\r\n") == problem::unsupported_version);
    CHECK(answer_problem("HTTP/1.1 20 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("HTTP/1.1 2000 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("HTTP/1.1 099 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("HTTP/1.1 600 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("HTTP/1.1  200 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("\r\nHTTP/1.1 200 OK\r\n\r\n") == problem::bad_start_line);
    CHECK(answer_problem("<html>") == problem::incomplete_head);
    CHECK(answer_problem("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab") ==
          problem::incomplete_body);
    CHECK(answer_problem("HTTP/1.1 200 O\x01K\r\n\r\n") == problem::bad_start_line);
}

TEST_CASE("every split of a response reads alike") {
    const std::string text =
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"x\"\r\n\r\n"
        "a\r\n0123456789\r\n00A\r\nabcdefghij\r\n0\r\nt: 1\r\nu: 2\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz";
    const auto whole = responses_in({text});
    REQUIRE(whole.seen.size() == 2);
    CHECK(whole.seen[0].body == "0123456789abcdefghij");
    CHECK(whole.seen[0].trailers == owned_fields{{"t", "1"}, {"u", "2"}});

    for (std::size_t at = 0; at <= text.size(); ++at) {
        INFO("split at " << at);
        REQUIRE(responses_in({text.substr(0, at), text.substr(at)}) == whole);
    }
    CHECK(responses_in(byte_by_byte(text)) == whole);
}
