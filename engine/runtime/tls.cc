#include "engine/runtime/tls.h"

#include <array>
#include <cerrno>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "engine/base/assert.h"
#include "engine/runtime/address.h"

namespace lode::engine {
namespace {

constexpr std::size_t buffer_size = std::size_t{17} << 10U;  // one TLS record and its frame

SSL_CTX* new_context(const SSL_METHOD* method) {
    SSL_CTX* context = SSL_CTX_new(method);
    LODE_ASSERT(context != nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // A peer that just closes the connection is judged by the length of its answer, as in plain
    // HTTP.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return context;
}

bool is_address(const std::string& host) {
    return socket_address::parse(host + ":0").has_value() ||
           socket_address::parse("[" + host + "]:0").has_value();
}

}  // namespace

void tls_context::freer::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void tls_stream::ssl_freer::operator()(SSL* ssl) const { SSL_free(ssl); }

result<tls_context> tls_context::for_client(const std::string& ca_file) {
    tls_context made(new_context(TLS_client_method()));
    SSL_CTX* context = made.context_.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const int loaded = ca_file.empty()
                           ? SSL_CTX_set_default_verify_paths(context)
                           : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
    ERR_clear_error();
    if (loaded != 1) return fail(errc::invalid);
    return made;
}

result<tls_context> tls_context::for_server(const std::string& certificate_file,
                                            const std::string& key_file) {
    tls_context made(new_context(TLS_server_method()));
    SSL_CTX* context = made.context_.get();
    const bool loaded =
        SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1;
    ERR_clear_error();
    if (!loaded) return fail(errc::invalid);
    return made;
}

tls_stream::tls_stream(std::unique_ptr<stream> below, const tls_context& context)
    : below_(std::move(below)),
      ssl_(SSL_new(context.context_.get())),
      incoming_(BIO_new(BIO_s_mem())),
      outgoing_(BIO_new(BIO_s_mem())),
      buffer_(std::make_unique<std::byte[]>(buffer_size)) {
    LODE_ASSERT(ssl_ != nullptr && incoming_ != nullptr && outgoing_ != nullptr);
    // An empty incoming BIO means "not yet", not "the end".
    BIO_set_mem_eof_return(incoming_, -1);
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);
}

tls_stream::~tls_stream() { LODE_ASSERT(!flushing_); }

task<result<std::unique_ptr<stream>>> tls_stream::connect(std::unique_ptr<stream> below,
                                                          const tls_context& context,
                                                          std::string host, time_point until) {
    std::unique_ptr<tls_stream> made(new tls_stream(std::move(below), context));
    SSL* ssl = made->ssl_.get();
    SSL_set_connect_state(ssl);
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl, host.c_str());
        SSL_set1_host(ssl, host.c_str());
    }
    co_return co_await shake_hands(std::move(made), until);
}

task<result<std::unique_ptr<stream>>> tls_stream::accept(std::unique_ptr<stream> below,
                                                         const tls_context& context,
                                                         time_point until) {
    std::unique_ptr<tls_stream> made(new tls_stream(std::move(below), context));
    SSL_set_accept_state(made->ssl_.get());
    co_return co_await shake_hands(std::move(made), until);
}

task<result<std::unique_ptr<stream>>> tls_stream::shake_hands(std::unique_ptr<tls_stream> made,
                                                              time_point until) {
    made->expire_at(until);
    auto shaken = co_await made->handshake();
    made->expire_at(never);
    if (!shaken) {
        co_await made->below_->close();
        co_return std::unexpected(shaken.error());
    }
    co_return std::unique_ptr<stream>(std::move(made));
}

task<result<>> tls_stream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_.get());
        const int why = SSL_get_error(ssl_.get(), done);
        const error broken = failure();
        // Also after a failure: the alert tells the peer what was wrong.
        auto flushed = co_await flush();
        if (done == 1) co_return flushed;
        if (why != SSL_ERROR_WANT_READ) co_return std::unexpected(broken);
        if (!flushed) co_return flushed;
        auto filled = co_await fill();
        if (!filled) co_return filled;
        if (ended_below_) co_return fail(errc::closed);
    }
}

error tls_stream::failure() const {
    if (SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {.code = errc::denied};
    return {.code = errc::protocol};
}

// A receive and a send may both have something to flush; records must reach the wire in order.
task<result<>> tls_stream::flush() {
    while (flushing_) (void)co_await flushed_.wait();
    flushing_ = true;
    result<> outcome;
    while (BIO_ctrl_pending(outgoing_) > 0 && outcome) {
        std::array<std::byte, 16384> chunk;
        const int got = BIO_read(outgoing_, chunk.data(), static_cast<int>(chunk.size()));
        LODE_ASSERT(got > 0);
        outcome = co_await send_all(*below_, std::span(chunk).first(static_cast<std::size_t>(got)));
    }
    flushing_ = false;
    flushed_.notify_all();
    co_return outcome;
}

task<result<>> tls_stream::fill() {
    auto got = co_await below_->receive({buffer_.get(), buffer_size});
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) {
        ended_below_ = true;
        BIO_set_mem_eof_return(incoming_, 0);
    } else {
        const int written = BIO_write(incoming_, buffer_.get(), static_cast<int>(*got));
        LODE_ASSERT(written == static_cast<int>(*got));
    }
    co_return result<>{};
}

task<result<std::size_t>> tls_stream::receive(std::span<std::byte> into) {
    for (;;) {
        ERR_clear_error();
        std::size_t got = 0;
        const int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
        const int why = SSL_get_error(ssl_.get(), done);
        if (done == 1) co_return got;
        // Whoever flushes already takes our records along; waiting for a send that waits for its
        // peer to receive would leave both ends waiting for ever.
        if (!flushing_) {
            auto flushed = co_await flush();
            if (!flushed) co_return std::unexpected(flushed.error());
        }
        if (why == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
        if (why != SSL_ERROR_WANT_READ) co_return fail(errc::protocol);
        if (ended_below_) co_return std::size_t{0};
        if (auto filled = co_await fill(); !filled) co_return std::unexpected(filled.error());
    }
}

task<result<>> tls_stream::send(std::span<iovec> pieces) {
    for (const iovec& piece : pieces) {
        const auto* from = static_cast<const std::byte*>(piece.iov_base);
        std::size_t left = piece.iov_len;
        while (left > 0) {
            ERR_clear_error();
            std::size_t written = 0;
            const int done = SSL_write_ex(ssl_.get(), from, left, &written);
            const int why = SSL_get_error(ssl_.get(), done);
            auto flushed = co_await flush();
            if (!flushed) co_return flushed;
            // A renegotiating peer is refused by OpenSSL's defaults, so that a write never wants a
            // read.
            if (done != 1)
                co_return fail(why == SSL_ERROR_ZERO_RETURN ? errc::closed : errc::protocol);
            from += written;
            left -= written;
        }
    }
    co_return result<>{};
}

task<result<>> tls_stream::finish_sending() {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
    auto flushed = co_await flush();
    if (!flushed) co_return flushed;
    co_return co_await below_->finish_sending();
}

task<void> tls_stream::close() {
    if (!SSL_in_init(ssl_.get()) && SSL_get_shutdown(ssl_.get()) == 0) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl_.get());
        expire_at(now() + std::chrono::seconds(1));
        (void)co_await flush();
    }
    co_await below_->close();
}

}  // namespace lode::engine
