#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "engine/runtime/scope.h"
#include "engine/runtime/socket.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/head_writer.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::http;

namespace {

// A server on loopback that echoes bodies.
class echo_server {
  public:
    explicit echo_server(const tls_context* tls = nullptr, std::uint64_t requests_max = ~0ULL)
        : listener_(tcp_listener::open(socket_address::parse("127.0.0.1:0").value()).value()),
          tls_(tls),
          requests_max_(requests_max) {
        scope_.spawn(accept_all());
    }

    [[nodiscard]] const socket_address& at() const { return listener_.local(); }
    [[nodiscard]] int connections() const { return connections_; }

    task<void> stop() {
        listener_.stop();
        co_await scope_.close();
    }

  private:
    task<void> accept_all() {
        for (;;) {
            auto got = co_await listener_.accept();
            if (!got) co_return;
            ++connections_;
            scope_.spawn(serve(std::make_unique<tcp_socket>(got->fd, got->peer)));
        }
    }

    task<void> serve(std::unique_ptr<stream> s) {
        if (tls_ != nullptr) {
            auto secured =
                co_await tls_stream::accept(std::move(s), *tls_, now() + std::chrono::seconds(10));
            if (!secured) co_return;
            s = std::move(*secured);
        }
        co_await echo(*s);
        co_await s->close();
    }

    // At most `requests_max_` of them, then it hangs up without a word.
    task<void> echo(stream& s) {
        message_reader reader(s, {});
        std::string out;
        std::vector<std::byte> body(1 << 20);
        for (std::uint64_t i = 0; i < requests_max_; ++i) {
            s.expire_at(now() + std::chrono::seconds(30));
            auto head = co_await reader.read_request();
            if (!head) co_return;
            auto got = co_await reader.read_body_full(body);
            if (!got) co_return;
            head_writer w(out);
            iovec pieces[] = {piece_of(w.response(200).content_length(bytes(*got)).end()),
                              piece_of(std::span<const std::byte>(body).first(*got))};
            if (!co_await s.send(pieces)) co_return;
        }
    }

    tcp_listener listener_;
    const tls_context* tls_;
    std::uint64_t requests_max_;
    std::atomic<int> connections_ = 0;
    scope scope_;
};

// Sends `length` bytes and says whether they came back.
task<bool> echoes(client_connection& c, std::size_t length) {
    std::vector<std::byte> body(length);
    for (std::size_t i = 0; i < length; ++i) body[i] = static_cast<std::byte>(i * 7 + i / 251);
    c.stream().expire_at(now() + std::chrono::seconds(30));
    head_writer w(c.head_buffer());
    w.request("PUT", "/k").field("Host", "h").content_length(bytes(length));
    iovec pieces[] = {piece_of(w.end()), piece_of(std::span<const std::byte>(body))};
    if (!co_await c.stream().send(pieces)) co_return false;
    auto answer = co_await c.reader().read_response("PUT");
    if (!answer || answer->status != 200) co_return false;
    std::vector<std::byte> back(length + 1);
    auto got = co_await c.reader().read_body_full(back);
    co_return got && *got == length&& std::equal(body.begin(), body.end(), back.begin());
}

std::unique_ptr<network_dialer> dial_to(const std::vector<socket_address>& places,
                                        const tls_context* tls = nullptr,
                                        std::string host = "localhost") {
    const endpoint e{.scheme = tls != nullptr ? scheme::https : scheme::http,
                     .host = std::move(host),
                     .port = places.front().port()};
    return std::make_unique<network_dialer>(e, places, tls);
}

time_point in_time() { return now() + std::chrono::seconds(20); }

// What the coroutines of a test saw.
struct report {
    int good = 0;
    int bad = 0;
    int connections = 0;
    std::uint64_t opened = 0, reused = 0, stale = 0, failed = 0;
    errc refused = errc::io;
    bool was_reused = false;

    void take(const connection_pool::statistics& s) {
        opened = s.opened.value();
        reused = s.reused.value();
        stale = s.stale.value();
        failed = s.failed.value();
    }
};

task<void> exchange(connection_pool& pool, std::size_t length, report& r) {
    auto lease = co_await pool.acquire(in_time());
    if (!lease) {
        r.refused = lease.error().code;
        ++r.bad;
        co_return;
    }
    r.was_reused = (*lease)->reused();
    const bool good = co_await echoes(**lease, length);
    ++(good ? r.good : r.bad);
    if (good) lease->keep();
}

task<void> exchange_all(report& r, const tls_context* client, const tls_context* server,
                        std::string host) {
    echo_server s(server);
    connection_pool pool(dial_to({s.at()}, client, std::move(host)), {.connections = 4});
    for (const std::size_t length : {0UL, 1UL, 5000UL, 1UL << 20U}) {
        co_await exchange(pool, length, r);
    }
    scope all;
    for (int i = 0; i < 40; ++i) all.spawn(exchange(pool, 3000 * static_cast<std::size_t>(i), r));
    co_await all.close();
    r.take(pool.stats());
    r.connections = s.connections();
    co_await pool.close();
    co_await s.stop();
}

}  // namespace

TEST_CASE("requests and answers of any size pass over real sockets") {
    report r;

    run_on_core([&] { return exchange_all(r, nullptr, nullptr, "localhost"); });

    CHECK(r.good == 44);
    CHECK(r.bad == 0);
    CHECK(r.connections <= 4);
    CHECK(r.opened + r.reused == 44);
}

namespace {

task<void> outlive_the_server(report& r) {
    echo_server s(nullptr, 1);
    connection_pool pool(dial_to({s.at()}), {});
    co_await exchange(pool, 10, r);
    // The server hangs up after one request: on loopback the news arrives in no time.
    co_await sleep_for(std::chrono::milliseconds(100));
    co_await exchange(pool, 10, r);
    r.take(pool.stats());
    r.connections = s.connections();
    co_await pool.close();
    co_await s.stop();
}

task<void> reach_the_second(report& r) {
    echo_server s;
    // Nobody listens where something just listened.
    auto gone = tcp_listener::open(socket_address::parse("127.0.0.1:0").value()).value();
    const socket_address dead = gone.local();
    {
        const auto closed = std::move(gone);
    }
    connection_pool pool(dial_to({dead, s.at()}), {});
    for (int i = 0; i < 4; ++i) {
        auto lease = co_await pool.acquire(in_time(), connection_pool::freshness::fresh);
        if (lease && co_await echoes(**lease, 100)) ++r.good;
    }
    r.take(pool.stats());
    co_await pool.close();

    connection_pool none(dial_to({dead}), {});
    co_await exchange(none, 1, r);
    co_await none.close();
    co_await s.stop();
}

}  // namespace

TEST_CASE("an idle connection that the server closed is noticed before it is used") {
    report r;

    run_on_core([&] { return outlive_the_server(r); });

    CHECK(r.good == 2);
    CHECK(r.stale == 1);
    CHECK(r.connections == 2);
    CHECK_FALSE(r.was_reused);
}

TEST_CASE("an address that refuses is passed over; only when all do, the server is unavailable") {
    report r;

    run_on_core([&] { return reach_the_second(r); });

    CHECK(r.good == 4);
    CHECK(r.opened == 4);
    CHECK(r.failed == 0);
    CHECK(r.refused == errc::unavailable);
}

namespace {

// A self-signed certificate for localhost, and its key, in a directory of its own.
class certificate {
  public:
    certificate() {
        std::string name = (std::filesystem::temp_directory_path() / "lode-http-XXXXXX").string();
        LODE_ASSERT(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* x = X509_new();
        X509_set_version(x, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), -60);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_pubkey(x, key);
        X509_NAME* subject = X509_get_subject_name(x);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
        X509_set_issuer_name(x, subject);
        add_extension(x, NID_subject_alt_name, "DNS:localhost");
        add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
        LODE_ASSERT(X509_sign(x, key, EVP_sha256()) > 0);

        std::FILE* out = std::fopen(file().c_str(), "w");
        LODE_ASSERT(out != nullptr && PEM_write_X509(out, x) == 1);
        std::fclose(out);
        out = std::fopen(key_file().c_str(), "w");
        LODE_ASSERT(out != nullptr &&
                    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
        std::fclose(out);
        X509_free(x);
        EVP_PKEY_free(key);
    }
    ~certificate() { std::filesystem::remove_all(directory_); }
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;

    [[nodiscard]] std::string file() const { return (directory_ / "certificate.pem").string(); }
    [[nodiscard]] std::string key_file() const { return (directory_ / "key.pem").string(); }

  private:
    static void add_extension(X509* x, int which, const char* value) {
        X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, which, value);
        LODE_ASSERT(e != nullptr);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }

    std::filesystem::path directory_;
};

}  // namespace

TEST_CASE("the pool speaks TLS to a server whose certificate holds, and to no other") {
    const certificate good;
    const certificate other;
    const auto server = tls_context::for_server(good.file(), good.key_file()).value();
    const auto trusting = tls_context::for_client(good.file()).value();
    const auto distrusting = tls_context::for_client(other.file()).value();
    report trusted, wrong_name, wrong_issuer;

    run_on_core([&] { return exchange_all(trusted, &trusting, &server, "localhost"); });
    run_on_core([&] { return exchange_all(wrong_name, &trusting, &server, "example.com"); });
    run_on_core([&] { return exchange_all(wrong_issuer, &distrusting, &server, "localhost"); });

    CHECK(trusted.good == 44);
    CHECK(trusted.connections <= 4);
    CHECK(trusted.reused >= 40);
    CHECK(wrong_name.good == 0);
    CHECK(wrong_name.refused == errc::unavailable);
    CHECK(wrong_issuer.good == 0);
    CHECK(wrong_issuer.refused == errc::unavailable);
}

TEST_CASE("a name is resolved when a dialer is made") {
    CHECK(network_dialer::make({scheme::http, "localhost", 80}, nullptr).has_value());
    CHECK_FALSE(network_dialer::make({scheme::http, "no-such-host.invalid", 80}, nullptr));
}
