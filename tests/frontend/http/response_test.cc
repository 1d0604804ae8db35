#include <string>

#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::frontend::http;

namespace {

problem answer_problem(const std::string& text, const std::string& method = "GET") {
    const auto got = responses_in({text}, method);
    return got.seen.empty() ? got.end.problem : problem::none;
}

}  // namespace

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
