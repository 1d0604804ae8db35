#include <string>

#include "frontend/http/chunk_writer.h"
#include "frontend/http/endpoint.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/hop_by_hop.h"
#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::http;

TEST_CASE("a head is written as it was read") {
    const std::string text =
        "PUT /b/%2f?x=1&&y HTTP/1.1\r\nhOst: h:1\r\nx-amz-meta-a: \xC3\xA4\xFF\r\n"
        "x-amz-meta-a: 2\r\nContent-Length: 0\r\n\r\n";
    const auto read = requests_in({text});
    REQUIRE(read.seen.size() == 1);

    std::string out = "left over";
    head_writer w(out);
    w.request(read.seen[0].method, read.seen[0].target);
    for (const auto& [name, value] : read.seen[0].headers) w.field(name, value);

    CHECK(w.end() == text);
}

TEST_CASE("a status is written with its usual words, or others") {
    std::string out;
    CHECK(head_writer(out).response(404).content_length(bytes(17)).end() ==
          "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\n");
    CHECK(head_writer(out).response(200, "Fine").end() == "HTTP/1.1 200 Fine\r\n\r\n");
    CHECK(head_writer(out).response(299).end() == "HTTP/1.1 299 Unknown\r\n\r\n");
}

TEST_CASE("no value can end its line and start another") {
    std::string out;
    const std::string value("a\r\nSet-Cookie: x\nb\0c", 20);

    const auto head =
        head_writer(out).response(200, "O\r\nK").field("content-disposition", value).end();

    CHECK(head == "HTTP/1.1 200 O  K\r\ncontent-disposition: a  Set-Cookie: x b c\r\n\r\n");
}

namespace {

task<void> write_chunks(stream& s) {
    chunk_writer w;
    const std::string first(0x1A, 'x');
    const std::string_view second = "yz";
    (void)co_await w.send(s, std::as_bytes(std::span(first)), "HEAD\r\n\r\n");
    (void)co_await w.send(s, std::as_bytes(std::span(second)));
    (void)co_await w.send(s, {});
    const std::array trailers{header{"a", "b"}, header{"Content-Length", "3"}, header{"c", ""}};
    (void)co_await w.finish(s, trailers);
}

}  // namespace

TEST_CASE("chunks are framed around their payload, one message each") {
    simulation world(1);
    scripted_stream s({});

    const auto how = world.run(write_chunks(s));

    REQUIRE(how == simulation::outcome::finished);
    CHECK(s.sent() == "HEAD\r\n\r\n1a\r\n" + std::string(0x1A, 'x') +
                          "\r\n2\r\nyz\r\n0\r\na: b\r\nc: \r\n\r\n");
}

TEST_CASE("the pieces of a chunk point to the payload itself") {
    chunk_writer w;
    const std::string payload = "payload";
    const auto pieces = w.pieces(std::as_bytes(std::span(payload)));
    CHECK(pieces[1].iov_base == payload.data());
    CHECK(pieces[1].iov_len == payload.size());
}

TEST_CASE("fields that speak to the next hop are not forwarded") {
    const std::vector<header> message = {
        {"Connection", "close, X-Hop,, x-other "},
        {"connection", "Range, x-amz-date, Host, Authorization, Content-Length"},
    };
    const hop_by_hop hop(message);
    for (const auto* name :
         {"Connection", "keep-alive", "Proxy-Connection", "TE", "Transfer-Encoding", "upgrade",
          "Proxy-Authorization", "x-hop", "X-OTHER"}) {
        INFO(name);
        CHECK(hop.drops(name));
    }
    // A client must not be able to strip what the request means.
    for (const auto* name : {"Range", "X-Amz-Date", "host", "Authorization", "Content-Length",
                             "Trailer", "x-third", "If-None-Match"}) {
        INFO(name);
        CHECK_FALSE(hop.drops(name));
    }
    CHECK_FALSE(hop_by_hop({}).drops("x-hop"));
    CHECK(hop_by_hop({}).drops("te"));
}

TEST_CASE("an endpoint is a scheme, a host and a port") {
    const auto parsed = [](std::string_view url) {
        const auto e = endpoint::parse(url);
        REQUIRE(e.has_value());
        return *e;
    };
    CHECK(parsed("http://10.0.0.1:8000") == endpoint{scheme::http, "10.0.0.1", 8000});
    CHECK(parsed("https://rgw.lan/") == endpoint{scheme::https, "rgw.lan", 443});
    CHECK(parsed("HTTP://rgw.lan") == endpoint{scheme::http, "rgw.lan", 80});
    CHECK(parsed("http://[::1]:9000") == endpoint{scheme::http, "::1", 9000});
    CHECK(parsed("http://[::1]").authority() == "[::1]");
    CHECK(parsed("http://[::1]:9000").authority() == "[::1]:9000");
    CHECK(parsed("https://h:443").authority() == "h");
    CHECK(parsed("http://h:443").authority() == "h:443");
    CHECK(parsed("https://h:8443/").url() == "https://h:8443");

    for (const auto* bad : {"", "http://", "h:80", "ftp://h", "http://h:0", "http://h:65536",
                            "http://h:", "http://:80", "http://h/path", "http://h?q",
                            "http://u:p@h", "http://h:8 0", "http://[::1", "http://[]",
                            "http://[h]:80", "http://a b", "http://h:80:80", "http://::1"}) {
        INFO(bad);
        CHECK_FALSE(endpoint::parse(bad).has_value());
    }
}
