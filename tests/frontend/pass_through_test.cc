#include "frontend/pass_through.h"

#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

TEST_CASE("a request arrives at the origin as it was: method, target, order and spelling") {
    small_world world;

    world.talk(
        "POST /data//a/../%2f%C3%A4+b?uploads&x=%20 HTTP/1.1\r\nHost: B.lode.internal:9000\r\n"
        "x-Amz-Meta-Z: 1\r\nX-AMZ-meta-A: 2\r\nAuthorization: AWS4 whatever\r\n"
        "Connection: close, X-Hop\r\nX-Hop: dropped\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n");

    REQUIRE(world.asked.size() == 1);
    const origin_request& seen = world.asked[0];
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/data//a/../%2f%C3%A4+b?uploads&x=%20");
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"Host", "B.lode.internal:9000"},
        {"x-Amz-Meta-Z", "1"},
        {"X-AMZ-meta-A", "2"},
        {"Authorization", "AWS4 whatever"},
        {"Content-Length", "0"},
        {"x-lode-location", "zone=;node=n"}};
    CHECK(seen.headers == expected);
}

TEST_CASE("an upload with a length arrives byte for byte, with or without an invitation") {
    for (const std::string expect : {"", "Expect: 100-continue\r\n"}) {
        CAPTURE(expect);
        small_world world;
        const std::string body = content(300'000);

        const std::string answer = world.talk("PUT /data/k HTTP/1.1\r\nHost: h\r\n" + expect +
                                              "Content-Length: 300000\r\n\r\n" + body);

        const std::string invitation = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!expect.empty()) {
            REQUIRE(answer.starts_with(invitation));
            CHECK(status_of(answer.substr(invitation.size())) == 200);
        } else {
            CHECK(status_of(answer) == 200);
        }
        REQUIRE(world.asked.size() == 1);
        CHECK((world.asked[0].body == body));
    }
}

TEST_CASE("a chunked upload stays chunked and keeps its bytes") {
    small_world world;

    const std::string answer = world.talk(
        "PUT /data/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\n\r\n");

    CHECK(status_of(answer) == 200);
    REQUIRE(world.asked.size() == 1);
    CHECK(world.asked[0].body == "hello, world");
    CHECK(world.asked[0].header("transfer-encoding") == "chunked");
    CHECK(world.asked[0].header("content-length").empty());
}

TEST_CASE(
    "an answer without a length is chunked for a new client and ends the connection of an old") {
    small_world world;
    world.instead = [](const origin_request&) {
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: "
               "b\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    };

    const std::string modern = world.talk("GET /data?list-type=2 HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string old = world.talk("GET /data?list-type=2 HTTP/1.0\r\nHost: h\r\n\r\n");

    CHECK(header_of(modern, "Transfer-Encoding") == "chunked");
    CHECK(header_of(modern, "X-A") == "b");
    CHECK(body_of(modern) == "3\r\nabc\r\n0\r\n\r\n");
    CHECK(header_of(old, "Transfer-Encoding").empty());
    CHECK(body_of(old) == "abc");
}

TEST_CASE("HEAD stays HEAD, and its length is told without a body") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1234)};

    const std::string answer = world.talk("HEAD /data/k HTTP/1.1\r\nHost: h\r\n\r\n");

    CHECK(status_of(answer) == 200);
    CHECK(header_of(answer, "Content-Length") == "1234");
    CHECK(body_of(answer).empty());
    CHECK(world.asked.at(0).method == "HEAD");
}

TEST_CASE("pipelined requests are answered in order on one connection") {
    small_world world;
    world.objects["/data/a"] = {.body = "first"};
    world.objects["/data/b"] = {.body = "second"};

    const std::string both = world.talk(
        "GET /data/a HTTP/1.1\r\nHost: h\r\n\r\nGET /data/b HTTP/1.1\r\nHost: h\r\n\r\n");

    const auto first = both.find("first");
    const auto second = both.find("second");
    REQUIRE(first != std::string::npos);
    REQUIRE(second != std::string::npos);
    CHECK(first < second);
}

TEST_CASE("an upload that is refused before it was invited is answered and the connection ends") {
    small_world world;
    world.invites = false;
    world.instead = [](const origin_request&) {
        return "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    };

    for (const std::string length : {"5", "0"}) {
        CAPTURE(length);
        const std::string answer = world.talk(
            "PUT /data/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " + length +
            "\r\n\r\n");

        CHECK(status_of(answer) == 403);
        CHECK(header_of(answer, "Connection") == "close");
        CHECK(body_of(answer) == "no");
    }
}

TEST_CASE("what cannot be a request gets a clear answer and nothing reaches the origin") {
    struct bad {
        std::string raw;
        unsigned status;
    };
    const std::vector<bad> cases = {
        {"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"GET /a HTTP/1.1\nHost: h\n\n", 400},
        {"GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400},
        {"GET /a HTTP/1.1\r\n\r\n", 400},
        {"GET /a HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        {"BREW /a HTTP/1.1\r\nHost: h\r\n\r\n", 501},
        {"GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
    };
    for (const auto& c : cases) {
        CAPTURE(c.raw.substr(0, 80));
        small_world world;

        const std::string answer = world.talk(c.raw);

        CHECK(status_of(answer) == c.status);
        CHECK(header_of(answer, "Connection") == "close");
        CHECK(body_of(answer).find("<Error>") != std::string::npos);
        CHECK(world.asked.empty());
    }
}

TEST_CASE("an answer that two readers could read differently becomes 502 and is not reused") {
    small_world world;
    world.instead = [](const origin_request&) {
        return "HTTP/1.1 200 OK\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\n"
               "Content-Length: 2\r\n\r\nab";
    };

    CHECK(status_of(world.talk("GET /data?acl HTTP/1.1\r\nHost: h\r\n\r\n")) == 502);
    CHECK(status_of(world.get("/data/k")) == 502);
}

TEST_CASE("a write that passes by makes the next GET ask anew") {
    small_world world;
    world.objects["/data/k"] = {.body = "old"};
    world.get("/data/k");

    world.talk("PUT /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nnew");

    CHECK(body_of(world.get("/data/k")) == "new");
}

TEST_CASE("a body up to the limit passes and a longer one is refused with 413") {
    settings tight;
    tight.limits.body = bytes(10);
    const std::string chunked =
        "PUT /data/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto with_length = [](int length) {
        return "PUT /data/k HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) +
               "\r\n\r\n" + std::string(static_cast<std::size_t>(length), 'x');
    };

    CHECK(status_of(small_world(1, tight).talk(with_length(10))) == 200);
    CHECK(status_of(small_world(1, tight).talk(with_length(11))) == 413);
    CHECK(status_of(small_world(1, tight).talk(chunked + "a\r\n0123456789\r\n0\r\n\r\n")) == 200);
    small_world world(1, tight);
    CHECK(status_of(world.talk(chunked + "b\r\n01234567890\r\n0\r\n\r\n")) == 413);
    CHECK(world.objects.empty());
}

TEST_CASE("a change may take the origin minutes, a read may not") {
    small_world world;
    world.objects["/data/k"] = {.body = "x"};
    world.thinks = std::chrono::minutes(5);

    const std::string copied = world.talk(
        "PUT /data/copy HTTP/1.1\r\nHost: h\r\nx-amz-copy-source: /data/k\r\nContent-Length: "
        "0\r\n\r\n");
    const std::string read = world.get("/data/k");

    CHECK(status_of(copied) == 200);
    CHECK(status_of(read) == 503);
}

TEST_CASE("a body that cannot be read is refused, and what the origin got of it is not an upload") {
    for (const std::string chunk : {"zz\r\n", "5\r\nhelloXX\r\n", "ffffffffffffffffff\r\n"}) {
        CAPTURE(chunk);
        small_world world;

        const std::string answer = world.talk(
            "PUT /data/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk);

        CHECK(status_of(answer) == 400);
        CHECK(header_of(answer, "Connection") == "close");
        CHECK(world.objects.empty());
    }
}
