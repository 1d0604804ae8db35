#include "frontend/peer/session.h"

#include <set>

#include "frontend/peer/wire.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;

namespace {

nonce session_nonce(std::uint8_t with) {
    nonce made;
    made.fill(with);
    return made;
}

const secret cluster_secret("the secret of this cluster");

session_key some_key(std::uint8_t client = 1, std::uint8_t server = 2) {
    return {cluster_secret, session_nonce(client), session_nonce(server)};
}

constexpr std::string_view asked_target = "/lode/1/part?key=a";
constexpr std::string_view asked_range = "bytes=0-99";

// A request as the server's reader would give it.
struct sent_request {
    std::string mac;
    std::string method = "GET";
    std::string path = std::string(asked_target);
    std::string bytes_wanted = std::string(asked_range);
    http::framing body = http::framing::none;
    std::vector<http::header> more = {};

    [[nodiscard]] bool pass(server_session& s) const {
        std::vector<http::header> headers = {{mac_field, mac}};
        if (!bytes_wanted.empty()) headers.push_back({"Range", bytes_wanted});
        headers.insert(headers.end(), more.begin(), more.end());
        return s.accepts({.method = method, .target = path, .headers = headers, .body = body});
    }
};

struct sent_answer {
    std::string mac;
    unsigned status = 206;
    bytes length = bytes(100);
    std::string said = "cache=HIT";
    http::framing body = http::framing::length;
    std::vector<http::header> more = {};

    [[nodiscard]] bool pass(client_session& s) const {
        std::vector<http::header> headers = {{mac_field, mac}, {answer_field, said}};
        headers.insert(headers.end(), more.begin(), more.end());
        return s.accepts(
            {.status = status, .headers = headers, .body = body, .content_length = length});
    }
};

std::string mac_words(const mac_text& mac) { return std::string(s3::view_of(mac)); }

sent_request next_request(client_session& client) {
    return {.mac = mac_words(client.sign("GET", asked_target, asked_range))};
}

sent_answer next_answer(server_session& server) {
    return {.mac = mac_words(server.sign(206, bytes(100), "cache=HIT"))};
}

}  // namespace

TEST_CASE("two sides that know the same accept each other's messages in turn") {
    client_session client(some_key());
    server_session server(some_key());
    for (int i = 0; i < 5; ++i) {
        CHECK(next_request(client).pass(server));
        CHECK(next_answer(server).pass(client));
    }
    CHECK(client.requests() == 5);

    CHECK(sent_request{.mac = mac_words(client.sign("GET", asked_target, "")), .bytes_wanted = ""}
              .pass(server));
    CHECK(sent_answer{.mac = mac_words(server.sign(503, bytes(0), "")),
                      .status = 503,
                      .length = bytes(0),
                      .said = ""}
              .pass(client));
}

TEST_CASE("another secret or another nonce makes another session") {
    const secret other("the secret of that cluster");
    const auto understands = [](session_key key) {
        client_session client(some_key());
        server_session server(std::move(key));
        return next_request(client).pass(server);
    };
    CHECK(understands(some_key()));
    CHECK(!understands({other, session_nonce(1), session_nonce(2)}));
    CHECK(!understands(some_key(1, 3)));
    CHECK(!understands(some_key(3, 2)));
    CHECK(!understands(some_key(2, 1)));
}

TEST_CASE("a request that was changed on its way is refused") {
    const auto refused = [](auto change) {
        client_session client(some_key());
        server_session server(some_key());
        sent_request r = next_request(client);
        change(r);
        return !r.pass(server);
    };
    CHECK(!refused([](sent_request&) {}));
    CHECK(refused([](sent_request& r) { r.path = "/lode/1/part?key=b"; }));
    CHECK(refused([](sent_request& r) { r.path += "&x=1"; }));
    CHECK(refused([](sent_request& r) { r.method = "PUT"; }));
    CHECK(refused([](sent_request& r) { r.bytes_wanted = "bytes=0-999"; }));
    CHECK(refused([](sent_request& r) { r.bytes_wanted = ""; }));
    CHECK(refused([](sent_request& r) { r.more = {{"Range", "bytes=0-999"}}; }));
    CHECK(refused([](sent_request& r) { r.more = {{mac_field, "00"}}; }));
    CHECK(refused([](sent_request& r) { r.body = http::framing::length; }));
    CHECK(refused([](sent_request& r) { r.body = http::framing::chunked; }));
    CHECK(refused([](sent_request& r) { r.mac.pop_back(); }));
    CHECK(refused([](sent_request& r) { r.mac += "0"; }));
    CHECK(refused([](sent_request& r) { r.mac.clear(); }));
    CHECK(refused([](sent_request& r) { r.mac[63] = r.mac[63] == '0' ? '1' : '0'; }));
    CHECK(refused([](sent_request& r) { r.mac[0] = r.mac[0] == '0' ? '1' : '0'; }));
    // What moves from one field to the next one.
    CHECK(refused([](sent_request& r) {
        r.path = "/lode/1/part?key=ab";
        r.bytes_wanted = "ytes=0-99";
    }));
}

TEST_CASE("an answer that was changed on its way is refused") {
    const auto refused = [](auto change) {
        client_session client(some_key());
        server_session server(some_key());
        LODE_ASSERT(next_request(client).pass(server));
        sent_answer a = next_answer(server);
        change(a);
        return !a.pass(client);
    };
    CHECK(!refused([](sent_answer&) {}));
    CHECK(refused([](sent_answer& a) { a.status = 200; }));
    CHECK(refused([](sent_answer& a) { a.length = bytes(99); }));
    CHECK(refused([](sent_answer& a) { a.said = "cache=MISS"; }));
    CHECK(refused([](sent_answer& a) { a.said = ""; }));
    CHECK(refused([](sent_answer& a) { a.mac = std::string(64, '0'); }));
    CHECK(refused([](sent_answer& a) { a.mac.clear(); }));
    CHECK(refused([](sent_answer& a) { a.body = http::framing::chunked; }));
    CHECK(refused([](sent_answer& a) { a.body = http::framing::until_close; }));
    CHECK(refused([](sent_answer& a) { a.more = {{answer_field, "cache=MISS"}}; }));
    CHECK(refused([](sent_answer& a) { a.more = {{mac_field, "00"}}; }));
}

TEST_CASE("a message has its place in line: repeated, dropped or swapped, it is refused") {
    SECTION("a request that is repeated") {
        client_session client(some_key());
        server_session server(some_key());
        const sent_request first = next_request(client);
        CHECK(first.pass(server));
        CHECK(next_answer(server).pass(client));
        CHECK(!first.pass(server));
    }
    SECTION("a request that never arrived") {
        client_session client(some_key());
        server_session server(some_key());
        server_session elsewhere(some_key());
        CHECK(next_request(client).pass(elsewhere));
        CHECK(next_answer(elsewhere).pass(client));
        CHECK(!next_request(client).pass(server));
    }
    SECTION("an answer that is repeated") {
        client_session client(some_key());
        server_session server(some_key());
        CHECK(next_request(client).pass(server));
        const sent_answer first = next_answer(server);
        CHECK(first.pass(client));
        CHECK(next_request(client).pass(server));
        CHECK(!first.pass(client));
    }
    SECTION("what one side said, sent back to it") {
        client_session client(some_key());
        server_session server(some_key());
        const sent_request r = next_request(client);
        CHECK(!sent_answer{.mac = r.mac}.pass(client));
        CHECK(r.pass(server));
    }
}

TEST_CASE("a session that was broken stays broken, whatever comes next") {
    client_session client(some_key());
    server_session deceived(some_key());
    server_session server(some_key());
    const sent_request good = next_request(client);
    sent_request bad = good;
    bad.path = "/lode/1/part?key=b";

    CHECK(good.pass(server));
    CHECK(!bad.pass(deceived));
    sent_answer answer = next_answer(server);
    answer.status = 200;
    CHECK(!answer.pass(client));

    const sent_request second = next_request(client);
    CHECK(!second.pass(deceived));
    CHECK(second.pass(server));
    CHECK(!next_answer(server).pass(client));
}

TEST_CASE("a session's key goes with it when it moves") {
    session_key from = some_key();
    const session_key to = std::move(from);
    CHECK(to.of_request(1, "GET", asked_target, asked_range) ==
          some_key().of_request(1, "GET", asked_target, asked_range));
}

TEST_CASE("a MAC is HMAC-SHA-256 under the session's key, however often it is used") {
    const nonce client = session_nonce(1);
    const nonce server = session_nonce(2);
    const auto text = [](std::string_view piece) {
        std::string length(8, '\0');
        length.back() = static_cast<char>(piece.size());
        return length + std::string(piece);
    };
    const auto nonce_text = [&](const nonce& n) {
        return text({reinterpret_cast<const char*>(n.data()), n.size()});
    };
    const auto key = s3::hmac_sha256(
        cluster_secret.key(), text("lode peer session") + nonce_text(client) + nonce_text(server));
    std::string number(8, '\0');
    number.back() = 7;
    const auto right = s3::to_hex(s3::hmac_sha256(
        key, text("request") + number + text("GET") + text(asked_target) + text(asked_range)));

    const session_key ours(cluster_secret, client, server);
    CHECK(ours.of_request(7, "GET", asked_target, asked_range) == right);
    CHECK(ours.of_request(8, "GET", asked_target, asked_range) != right);
    CHECK(ours.of_request(7, "GET", asked_target, asked_range) == right);
}

TEST_CASE("proofs depend on the secret and on every byte that they cover") {
    const secret other("the secret of that cluster");
    std::set<std::string> seen;
    seen.insert(mac_words(prove_hello(cluster_secret, "a")));
    seen.insert(mac_words(prove_hello(cluster_secret, "b")));
    seen.insert(mac_words(prove_hello(other, "a")));
    seen.insert(mac_words(prove_hello_answer(cluster_secret, session_nonce(1), "a")));
    seen.insert(mac_words(prove_hello_answer(cluster_secret, session_nonce(1), "b")));
    seen.insert(mac_words(prove_hello_answer(cluster_secret, session_nonce(2), "a")));
    seen.insert(mac_words(prove_hello_answer(other, session_nonce(1), "a")));
    CHECK(seen.size() == 7);
    CHECK(same_mac(mac_words(prove_hello(cluster_secret, "a")), prove_hello(cluster_secret, "a")));
    CHECK(!same_mac("", prove_hello(cluster_secret, "a")));
    CHECK(!same_mac(mac_words(prove_hello(cluster_secret, "a")) + "0",
                    prove_hello(cluster_secret, "a")));
}

TEST_CASE("no nonce is drawn twice") {
    std::set<nonce> drawn;
    for (int i = 0; i < 1000; ++i) drawn.insert(draw_nonce());
    CHECK(drawn.size() == 1000);
}
