// engine/runtime/tls.h
//
// TLS over any stream, with OpenSSL working on memory while the ring moves the bytes.
//
//   Core        A context is made at start and shared read-only; a stream belongs to one core.
//   Memory      About 48 KiB per connection, OpenSSL's own buffers and one receive buffer.
//   Errors      denied: the certificate or the host name does not hold. protocol: the peer does not
//               speak TLS as we do. Else as stream.h says.
//   Limits      TLS 1.2 or newer.
#pragma once

#include <memory>
#include <string>

#include <openssl/types.h>

#include "engine/runtime/stream.h"
#include "engine/runtime/wait_list.h"

namespace lode::engine {

class tls_context {
  public:
    // Verifies the server's chain against `ca_file`, or the system's store when that is empty.
    [[nodiscard]] static result<tls_context> for_client(const std::string& ca_file);

    // PEM files: the certificate chain and its key.
    [[nodiscard]] static result<tls_context> for_server(const std::string& certificate_file,
                                                        const std::string& key_file);

  private:
    friend class tls_stream;
    struct freer {
        void operator()(SSL_CTX* context) const;
    };
    explicit tls_context(SSL_CTX* context) : context_(context) {}

    std::unique_ptr<SSL_CTX, freer> context_;
};

class tls_stream final : public stream {
  public:
    // Both take the connection below, shake hands before `until`, and close it when that fails.
    // `host`: the name that the certificate must carry (a DNS name or an IP address).
    static task<result<std::unique_ptr<stream>>> connect(std::unique_ptr<stream> below,
                                                         const tls_context& context,
                                                         std::string host, time_point until);
    static task<result<std::unique_ptr<stream>>> accept(std::unique_ptr<stream> below,
                                                        const tls_context& context,
                                                        time_point until);
    ~tls_stream() override;

    task<result<std::size_t>> receive(std::span<std::byte> into) override;
    task<result<>> send(std::span<iovec> pieces) override;
    task<result<>> finish_sending() override;
    void expire_at(time_point when) override { below_->expire_at(when); }
    void abort() override { below_->abort(); }
    [[nodiscard]] bool aborted() const override { return below_->aborted(); }
    task<void> close() override;
    [[nodiscard]] std::string peer() const override { return below_->peer(); }

  private:
    tls_stream(std::unique_ptr<stream> below, const tls_context& context);

    static task<result<std::unique_ptr<stream>>> shake_hands(std::unique_ptr<tls_stream> made,
                                                             time_point until);
    task<result<>> handshake();
    task<result<>> flush();  // what OpenSSL wants to send goes to the wire
    task<result<>> fill();   // what the wire brings goes to OpenSSL
    [[nodiscard]] error failure() const;

    struct ssl_freer {
        void operator()(SSL* ssl) const;
    };

    std::unique_ptr<stream> below_;
    std::unique_ptr<SSL, ssl_freer> ssl_;
    BIO* incoming_ = nullptr;  // owned by ssl_
    BIO* outgoing_ = nullptr;  // owned by ssl_
    std::unique_ptr<std::byte[]> buffer_;
    bool ended_below_ = false;
    bool flushing_ = false;
    wait_list flushed_;
};

}  // namespace lode::engine
