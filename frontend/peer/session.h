// frontend/peer/session.h
//
// What a connection between two nodes knows after the hello: a key that both made from the secret and from
// both nonces, and the number of the request that is next. Every request and every answer carries a MAC
// (HMAC-SHA-256) over it, so nothing that was recorded, altered or reordered passes. Bytes of parts are not
// covered: where the network may change them in passing, use TLS below.
//
//   Core       One, the connection's.
//   Memory     What a key's MACs begin with, computed once. Keys are wiped on destruction; a session that
//              was moved from has none.
//   Errors     False: the message is not what the other side wrote, or not its next one. After that the
//              session takes nothing more, and the connection is to be closed.
//   Invariants Requests and answers take turns: no request is signed before the answer to the one before.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/units.h"
#include "frontend/http/message.h"
#include "frontend/peer/secret.h"
#include "frontend/s3/digest.h"

namespace lode::frontend::peer {

// Drawn anew for each connection, by both sides.
using nonce = std::array<std::uint8_t, 32>;

// From the kernel by way of OpenSSL; `random` is not for secrets.
[[nodiscard]] nonce draw_nonce();

// The value of x-lode-mac.
using mac_text = s3::sha256_hex;

// Proofs of knowing the secret before there is a session: of a hello by its whole target, of the answer to it
// by the client's nonce and the whole body, in which the server's nonce stands.
[[nodiscard]] mac_text prove_hello(const secret& s, std::string_view target);
[[nodiscard]] mac_text prove_hello_answer(const secret& s, const nonce& client,
                                          std::string_view body);
// Takes the same time wherever they differ.
[[nodiscard]] bool same_mac(std::string_view given, const mac_text& right);

class session_key {
  public:
    session_key(const secret& s, const nonce& client, const nonce& server);

    [[nodiscard]] mac_text of_request(std::uint64_t number, std::string_view method,
                                      std::string_view target, std::string_view range) const;
    // `answer`: the value of x-lode-answer, empty where there is none.
    [[nodiscard]] mac_text of_answer(std::uint64_t number, unsigned status, bytes length,
                                     std::string_view answer) const;

  private:
    s3::hmac_key key_;
};

// The side that asks.
class client_session {
  public:
    explicit client_session(session_key key) : key_(std::move(key)) {}

    // Of the next request. `range`: the value of its Range field, empty where it has none.
    [[nodiscard]] mac_text sign(std::string_view method, std::string_view target,
                                std::string_view range);

    // Whether this is the answer to the request that was signed last.
    [[nodiscard]] bool accepts(const http::response_head& head);

    // How many requests it has signed.
    [[nodiscard]] std::uint64_t requests() const { return next_; }

  private:
    session_key key_;
    std::uint64_t next_ = 0;
    bool waiting_ = false;  // for an answer
    bool broken_ = false;
};

// The side that answers.
class server_session {
  public:
    explicit server_session(session_key key) : key_(std::move(key)) {}

    // Whether this is the client's next request.
    [[nodiscard]] bool accepts(const http::request_head& head);

    // Of the answer to the request that was accepted last; every answer has a Content-Length.
    [[nodiscard]] mac_text sign(unsigned status, bytes length, std::string_view answer);

  private:
    session_key key_;
    std::uint64_t next_ = 0;
    bool answering_ = false;
    bool broken_ = false;
};

}  // namespace lode::frontend::peer
