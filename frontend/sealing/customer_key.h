// frontend/sealing/customer_key.h
//
// The key that a client sends with each request for an object that it had encrypted (SSE-C), and what we
// derive from it. S3 keeps no such key, and neither do we: it lives as long as the request.
//
//   x-amz-server-side-encryption-customer-algorithm  AES256
//   x-amz-server-side-encryption-customer-key        32 bytes in base64
//   x-amz-server-side-encryption-customer-key-MD5    the MD5 of these 32 bytes in base64
//
//   secret             derived                                          goes where
//   -----------------  -----------------------------------------------  -----------------------------------
//   the customer's     fingerprint: HKDF, 128 bits                      name of the version, part id
//   key                content key: HKDF with the part's id, 256 bits   seals this part's chunks, nothing else
//
// A fingerprint tells keys apart and nothing about them: HKDF cannot be turned round, a key of 256 random
// bits cannot be guessed, and content keys come from another label. Where it is part of a name, somebody
// without the key cannot even ask for what lies under that name.
//
//   Secrets  Nothing here is printed or logged. Keys are wiped when they are destroyed or moved from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/base/hash.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/header.h"

namespace lode::frontend::sealing {

// 32 secret bytes that are wiped.
class secret_key {
  public:
    static constexpr std::size_t length = 32;

    secret_key() = default;
    secret_key(const secret_key&) = default;
    secret_key& operator=(const secret_key&) = default;
    secret_key(secret_key&& other) noexcept : octets_(other.octets_) { other.wipe(); }
    secret_key& operator=(secret_key&& other) noexcept {
        if (this != &other) {
            octets_ = other.octets_;
            other.wipe();
        }
        return *this;
    }
    ~secret_key() { wipe(); }

    [[nodiscard]] std::span<std::uint8_t> octets() { return octets_; }
    [[nodiscard]] std::span<const std::uint8_t> octets() const { return octets_; }

  private:
    void wipe();

    std::array<std::uint8_t, length> octets_{};
};

// Encrypts the chunks of one part, for whoever has the customer's key.
class content_key {
  public:
    content_key(secret_key key, hash128 part) : key_(std::move(key)), part_(part) {}

    [[nodiscard]] std::span<const std::uint8_t> octets() const { return key_.octets(); }
    [[nodiscard]] hash128 part() const { return part_; }

  private:
    secret_key key_;
    hash128 part_;
};

class customer_key {
  public:
    // Nothing unless all three fields are there once, in their canonical form, and match: what such a
    // request means is the store's business.
    [[nodiscard]] static std::optional<customer_key> from(std::span<const http::header> headers);

    // 32 hexadecimal digits. Safe to be stored and compared.
    [[nodiscard]] std::string fingerprint() const;

    [[nodiscard]] content_key content_key_for(hash128 part) const;

  private:
    explicit customer_key(secret_key key) : key_(std::move(key)) {}

    secret_key key_;
};

// Whether a field of a request or an answer concerns a customer's key.
[[nodiscard]] bool is_customer_key_field(std::string_view name);

// The three fields of a request from which customer_key::from() made a key, for a request of our own.
[[nodiscard]] std::array<http::header, 3> customer_key_fields(
    std::span<const http::header> headers);

// What an answer says about the key: which algorithm, and which key, as the request did.
void add_customer_key_answer(http::head_writer& writer, std::span<const http::header> headers);

}  // namespace lode::frontend::sealing
