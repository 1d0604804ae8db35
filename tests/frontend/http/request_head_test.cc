#include <string>

#include "frontend/http/message_reader.h"
#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::frontend::http;

namespace {

const std::string host_line = "Host: h\r\n";

std::string request(const std::string& lines) {
    return "PUT /b/k HTTP/1.1\r\n" + host_line + lines + "\r\n";
}

problem problem_of(const std::string& text, const limits& l = {}) {
    return requests_in({text}, l).end.problem;
}

}  // namespace

TEST_CASE("a request head keeps its target, its order and its spelling") {
    const auto got =
        requests_in({"GET /b/%6B//./k%2Fx?b=2&a=1&&x HTTP/1.1\r\n"
                     "hOsT:lode.local:9000\r\n"
                     "X-Amz-Date: \t 20260101T000000Z \t\r\n"
                     "Empty:\r\n"
                     "x-amz-meta-n\xC3\xA4me: no\r\n\r\n"});
    REQUIRE(got.end.problem == problem::bad_header);  // a name is a token

    const auto good =
        requests_in({"GET /b/%6B//./k%2Fx?b=2&a=1&&x HTTP/1.1\r\n"
                     "hOsT:lode.local:9000\r\n"
                     "X-Amz-Date: \t 20260101T000000Z \t\r\n"
                     "Empty:\r\n"
                     "x-amz-meta-a: b\xC3\xA4\xFF: c\tc\r\n"
                     "x-amz-meta-a: again\r\n\r\n"});
    REQUIRE(good.seen.size() == 1);
    const seen_request& r = good.seen[0];
    CHECK(r.method == "GET");
    CHECK(r.target == "/b/%6B//./k%2Fx?b=2&a=1&&x");
    CHECK(r.host == "lode.local:9000");
    CHECK(r.headers == owned_fields{{"hOsT", "lode.local:9000"},
                                    {"X-Amz-Date", "20260101T000000Z"},
                                    {"Empty", ""},
                                    {"x-amz-meta-a", "b\xC3\xA4\xFF: c\tc"},
                                    {"x-amz-meta-a", "again"}});
    CHECK(r.body_framing == framing::none);
    CHECK(r.keep_alive);
    CHECK_FALSE(r.expect_continue);
    CHECK(good.end == ending{{.code = errc::closed}, problem::transport});
}

TEST_CASE("every split of a request reads alike") {
    const std::string text =
        "\r\nPOST /bucket/key?uploads HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        "5;ext=\"a\"\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-trailer-a: 1\r\n\r\n"
        "GET / HTTP/1.0\r\n\r\n";
    const auto whole = requests_in({text});
    REQUIRE(whole.seen.size() == 2);
    CHECK(whole.seen[0].body == "hello!");
    CHECK(whole.seen[0].trailers == owned_fields{{"x-amz-trailer-a", "1"}});
    CHECK(whole.seen[0].expect_continue);
    CHECK_FALSE(whole.seen[0].keep_alive);
    CHECK(whole.seen[1].minor_version == 0);
    CHECK_FALSE(whole.seen[1].keep_alive);

    for (std::size_t at = 0; at <= text.size(); ++at) {
        INFO("split at " << at);
        REQUIRE(requests_in({text.substr(0, at), text.substr(at)}) == whole);
    }
    CHECK(requests_in(byte_by_byte(text)) == whole);
}

TEST_CASE("every split of a bad request is refused alike") {
    const std::vector<std::string> bad = {
        "GET /b\r\n\r\n",
        request("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        request("a: b\nc: d\r\n"),
        request("Transfer-Encoding: chunked\r\n") + "5\r\nhelloX\r\n",
        request("Transfer-Encoding: chunked\r\n") + "0\r\nHost: x\r\n\r\n",
    };
    for (const std::string& text : bad) {
        const auto whole = requests_in({text});
        CHECK(whole.end.problem != problem::transport);
        for (std::size_t at = 0; at <= text.size(); ++at) {
            INFO(text << " split at " << at);
            REQUIRE(requests_in({text.substr(0, at), text.substr(at)}) == whole);
        }
    }
}

TEST_CASE("what two readers might understand differently is refused") {
    struct bad_case {
        const char* what;
        std::string text;
        problem expected;
    };
    const std::string nul(1, '\0');
    const auto start = [](const std::string& line) { return line + "\r\n" + host_line + "\r\n"; };
    const std::vector<bad_case> table = {
        {"both lengths", request("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
         problem::bad_framing},
        {"both lengths, the other way round",
         request("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), problem::bad_framing},
        {"two lengths", request("Content-Length: 3\r\nContent-Length: 4\r\n"),
         problem::bad_framing},
        {"the same length twice", request("Content-Length: 3\r\nContent-Length: 3\r\n"),
         problem::bad_framing},
        {"a list of lengths", request("Content-Length: 3, 3\r\n"), problem::bad_framing},
        {"a signed length", request("Content-Length: +3\r\n"), problem::bad_framing},
        {"a negative length", request("Content-Length: -3\r\n"), problem::bad_framing},
        {"an empty length", request("Content-Length:\r\n"), problem::bad_framing},
        {"a hexadecimal length", request("Content-Length: 0x3\r\n"), problem::bad_framing},
        {"a length with a space", request("Content-Length: 3 3\r\n"), problem::bad_framing},
        {"a length of 2^64", request("Content-Length: 18446744073709551616\r\n"),
         problem::bad_framing},
        {"an unknown coding", request("Transfer-Encoding: gzip\r\n"), problem::unsupported_coding},
        {"a coding before chunked", request("Transfer-Encoding: gzip, chunked\r\n"),
         problem::unsupported_coding},
        {"chunked twice", request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
         problem::bad_framing},
        {"nearly chunked", request("Transfer-Encoding: xchunked\r\n"), problem::unsupported_coding},
        {"chunked in quotes", request("Transfer-Encoding: \"chunked\"\r\n"),
         problem::unsupported_coding},
        {"chunked with a vertical tab", request("Transfer-Encoding: \vchunked\r\n"),
         problem::bad_header},
        {"an empty coding", request("Transfer-Encoding:\r\n"), problem::bad_framing},
        {"chunked in HTTP/1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
         problem::bad_framing},
        {"a space before the colon", request("Content-Length : 3\r\n"), problem::bad_header},
        {"a tab before the colon", request("Transfer-Encoding\t: chunked\r\n"),
         problem::bad_header},
        {"no colon", request("nothing\r\n"), problem::bad_header},
        {"no name", request(": x\r\n"), problem::bad_header},
        {"a name that is no token", request("a(b): x\r\n"), problem::bad_header},
        {"a name with a space", request("a b: x\r\n"), problem::bad_header},
        {"a continued line", request("a: b\r\n c\r\n"), problem::bad_header},
        {"a continued line with a tab", request("a: b\r\n\tc\r\n"), problem::bad_header},
        {"a space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
         problem::bad_header},
        {"a bare LF after a field", request("a: b\nc: d\r\n"), problem::bad_header},
        {"a bare CR in a value", request("a: b\rc: d\r\n"), problem::bad_header},
        {"a bare LF after the first line", "GET / HTTP/1.1\nHost: h\r\n\r\n",
         problem::bad_start_line},
        {"a bare CR in the first line", "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n",
         problem::bad_start_line},
        {"LF instead of the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", problem::bad_header},
        {"NUL in a value", request("a: b" + nul + "\r\n"), problem::bad_header},
        {"NUL in a name", request("a" + nul + ": b\r\n"), problem::bad_header},
        {"NUL in the target", start("GET /a" + nul + " HTTP/1.1"), problem::bad_start_line},
        {"DEL in a value", request("a: b\x7F\r\n"), problem::bad_header},
        {"HTTP/0.9", "GET /\r\n\r\n", problem::bad_start_line},
        {"no version", start("GET / "), problem::bad_start_line},
        {"HTTP/2.0", start("GET / HTTP/2.0"), problem::unsupported_version},
        {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", problem::unsupported_version},
        {"HTTP/1.2", start("GET / HTTP/1.2"), problem::unsupported_version},
        {"HTTP/0.9 spelled out", start("GET / HTTP/0.9"), problem::unsupported_version},
        {"HTTP/1.10", start("GET / HTTP/1.10"), problem::bad_start_line},
        {"http/1.1", start("GET / http/1.1"), problem::bad_start_line},
        {"two spaces after the method", start("GET  / HTTP/1.1"), problem::bad_start_line},
        {"two spaces before the version", start("GET /  HTTP/1.1"), problem::bad_start_line},
        {"a space after the version", start("GET / HTTP/1.1 "), problem::bad_start_line},
        {"a space before the method", start(" GET / HTTP/1.1"), problem::bad_start_line},
        {"a tab instead of a space", start("GET\t/ HTTP/1.1"), problem::bad_start_line},
        {"a space in the target", start("GET /a b HTTP/1.1"), problem::bad_start_line},
        {"a fragment", start("GET /a#b HTTP/1.1"), problem::bad_target},
        {"a relative target", start("GET a HTTP/1.1"), problem::bad_target},
        {"an authority as target", start("GET h:80 HTTP/1.1"), problem::bad_target},
        {"another scheme", start("GET ftp://h/a HTTP/1.1"), problem::bad_target},
        {"credentials in the target", start("GET http://u@h/a HTTP/1.1"), problem::bad_target},
        {"no host in the target", start("GET http:///a HTTP/1.1"), problem::bad_target},
        {"GET *", start("GET * HTTP/1.1"), problem::bad_target},
        {"CONNECT", start("CONNECT h:443 HTTP/1.1"), problem::unsupported_method},
        {"an unknown method", start("BREW / HTTP/1.1"), problem::unsupported_method},
        {"a lower-case method", start("get / HTTP/1.1"), problem::unsupported_method},
        {"a method of another protocol", start("DESCRIBE / HTTP/1.1"), problem::unsupported_method},
        {"a method that is no token", start("G(T / HTTP/1.1"), problem::bad_start_line},
        {"no Host", "GET / HTTP/1.1\r\na: b\r\n\r\n", problem::bad_host},
        {"two Hosts", request("Host: h\r\n"), problem::bad_host},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", problem::bad_host},
        {"a Host with a space", "GET / HTTP/1.1\r\nHost: h x\r\n\r\n", problem::bad_host},
        {"a Host with credentials", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", problem::bad_host},
        {"three empty lines first", "\r\n\r\n\r\n" + request(""), problem::bad_start_line},
        {"a bare LF first", "\n" + request(""), problem::bad_start_line},
        {"TLS", "\x16\x03\x01\x02" + nul + "\x01\xFC", problem::bad_start_line},
        {"an unfinished head", "GET / HTTP/1.1\r\nHost", problem::incomplete_head},
    };
    for (const bad_case& c : table) {
        INFO(c.what);
        const auto got = requests_in({c.text});
        CHECK(got.seen.empty());
        CHECK(got.end.problem == c.expected);
        CHECK(status_of(got.end.problem, got.end.why) >= 400);
        CHECK(requests_in(byte_by_byte(c.text)) == got);
    }
}

TEST_CASE("each limit of a head holds at its byte") {
    limits l;
    l.head = bytes(200);
    l.uri = bytes(20);
    l.headers = 3;
    const auto with_target = [](std::size_t length) {
        return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\n" + host_line + "\r\n";
    };
    const auto with_headers = [](int count) {
        std::string text = "GET / HTTP/1.1\r\n" + host_line;
        for (int i = 1; i < count; ++i) text += "a: b\r\n";
        return text + "\r\n";
    };
    const auto with_size = [](std::size_t size) {
        std::string text = "GET / HTTP/1.1\r\n" + host_line + "a: ";
        return text + std::string(size - text.size() - 4, 'x') + "\r\n\r\n";
    };
    const problem fine = problem::transport;  // the script ends after a good request

    CHECK(problem_of(with_target(19), l) == fine);
    CHECK(problem_of(with_target(20), l) == fine);
    CHECK(problem_of(with_target(21), l) == problem::uri_too_long);
    CHECK(problem_of(with_headers(2), l) == fine);
    CHECK(problem_of(with_headers(3), l) == fine);
    CHECK(problem_of(with_headers(4), l) == problem::too_many_headers);
    CHECK(problem_of(with_size(199), l) == fine);
    CHECK(problem_of(with_size(200), l) == fine);
    CHECK(problem_of(with_size(201), l) == problem::head_too_large);
    CHECK(problem_of("\r\n" + with_size(200), l) == fine);

    for (const auto& text : {with_target(21), with_headers(4), with_size(201)}) {
        CHECK(requests_in({text}, l) == requests_in(byte_by_byte(text), l));
        CHECK(requests_in({text}, l).end.why.code == errc::too_large);
    }
    CHECK(status_of(problem::uri_too_long, {.code = errc::too_large}) == 414);
    CHECK(status_of(problem::too_many_headers, {.code = errc::too_large}) == 431);
    CHECK(status_of(problem::head_too_large, {.code = errc::too_large}) == 431);
    CHECK(status_of(problem::unsupported_version, {.code = errc::protocol}) == 505);
    CHECK(status_of(problem::unsupported_method, {.code = errc::protocol}) == 501);
    CHECK(status_of(problem::transport, {.code = errc::timed_out}) == 408);
    CHECK(status_of(problem::transport, {.code = errc::closed}) == 0);
}

TEST_CASE("a head that fills its limit exactly can be followed by a chunked body and a request") {
    const limits l;
    std::string text = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\na: ";
    text += std::string(l.head.count() - text.size() - 4, 'x') + "\r\n\r\n";
    REQUIRE(text.size() == l.head.count());
    const std::string chunk = "1000\r\n" + std::string(0x1000, 'p') + "\r\n";
    text += chunk + chunk + "0\r\n\r\n" + request("Content-Length: 2\r\n") + "ok";

    const auto got = requests_in({text});
    REQUIRE(got.seen.size() == 2);
    CHECK(got.seen[0].headers[2].second.size() > 30000);
    CHECK(got.seen[0].body == std::string(0x2000, 'p'));
    CHECK(got.seen[1].body == "ok");
    CHECK(requests_in(byte_by_byte(text)) == got);
}

TEST_CASE("the room of a long head is given back before the next one is waited for") {
    engine::simulation world(1);
    scripted_stream s({request("a: " + std::string(20000, 'x') + "\r\n"), request("")});
    requests_outcome out;

    const auto how = world.run(read_requests(s, {}, out.seen, out.end));

    REQUIRE(how == engine::simulation::outcome::finished);
    CHECK(out.seen.size() == 2);
    CHECK(s.last_receive() <= 8192);
}

TEST_CASE("an absolute target is taken apart as RFC 9112 demands") {
    const auto read = [](const std::string& line, const std::string& fields = host_line) {
        const auto got = requests_in({line + "\r\n" + fields + "\r\n"});
        REQUIRE(got.seen.size() == 1);
        return got.seen[0];
    };

    const auto with_path = read("GET http://s3.lan:9000/b/%2F?x=/ HTTP/1.1");
    CHECK(with_path.target == "/b/%2F?x=/");
    CHECK(with_path.host == "s3.lan:9000");
    CHECK(with_path.headers == owned_fields{{"Host", "s3.lan:9000"}});

    CHECK(read("GET HTTP://s3.lan HTTP/1.1").target == "/");
    CHECK(read("OPTIONS https://s3.lan HTTP/1.1").target == "*");
    CHECK(read("OPTIONS * HTTP/1.1").target == "*");

    const auto with_query = read("GET http://s3.lan?prefix=a/b HTTP/1.1");
    CHECK(with_query.target == "/?prefix=a/b");
    CHECK(with_query.host == "s3.lan");

    const auto old = read("GET http://s3.lan/k HTTP/1.0", "");
    CHECK(old.host == "s3.lan");
}

TEST_CASE("the connection is kept alive as version and Connection say") {
    const auto keeps = [](const std::string& version, const std::string& connection) {
        const auto got = requests_in(
            {"GET / " + version + "\r\nHost: h\r\n" +
             (connection.empty() ? "" : "Connection: " + connection + "\r\n") + "\r\n"});
        REQUIRE(got.seen.size() == 1);
        return got.seen[0].keep_alive;
    };
    CHECK(keeps("HTTP/1.1", ""));
    CHECK(keeps("HTTP/1.1", "keep-alive"));
    CHECK(keeps("HTTP/1.1", "Upgrade, HTTP2-Settings"));
    CHECK_FALSE(keeps("HTTP/1.1", "Close"));
    CHECK_FALSE(keeps("HTTP/1.1", "keep-alive , close"));
    CHECK_FALSE(keeps("HTTP/1.0", ""));
    CHECK(keeps("HTTP/1.0", "Keep-Alive"));
    CHECK_FALSE(keeps("HTTP/1.0", "keep-alive, close"));
}

TEST_CASE("Expect: 100-continue is reported, except to HTTP/1.0") {
    const auto expects = [](const std::string& version, const std::string& value) {
        const auto got = requests_in({"PUT / " + version + "\r\nHost: h\r\nExpect: " + value +
                                      "\r\nContent-Length: 1\r\n\r\nx"});
        REQUIRE(got.seen.size() == 1);
        return got.seen[0].expect_continue;
    };
    CHECK(expects("HTTP/1.1", "100-continue"));
    CHECK(expects("HTTP/1.1", "100-Continue"));
    CHECK_FALSE(expects("HTTP/1.1", "something-else"));
    CHECK_FALSE(expects("HTTP/1.0", "100-continue"));
}

namespace {

engine::task<void> wipe_between(scripted_stream& stream, std::string& wiped, std::string& next) {
    message_reader reader(stream, {});
    auto head = co_await reader.read_request();
    if (!head) co_return;
    const std::string_view value = head->headers.back().value;
    reader.wipe_head();
    wiped = value;
    auto second = co_await reader.read_request();
    if (second) next = second->target;
}

}  // namespace

TEST_CASE("a head that held a secret is overwritten, and what follows it is not") {
    scripted_stream stream(
        {"GET /1 HTTP/1.1\r\nHost: h\r\nSecret: key\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"});
    engine::simulation world(1);
    std::string wiped;
    std::string next;

    const auto how = world.run(wipe_between(stream, wiped, next));

    REQUIRE(how == engine::simulation::outcome::finished);
    CHECK(wiped == std::string(3, '\0'));
    CHECK(next == "/2");
}
