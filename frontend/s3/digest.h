// frontend/s3/digest.h
//
// SHA-256 and HMAC-SHA-256 over OpenSSL, and their hexadecimal form: what signatures are made of.
//
//   Errors  None: OpenSSL fails here only when it is out of memory or broken, and that is asserted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lode::frontend::s3 {

using sha256_digest = std::array<std::uint8_t, 32>;
using sha256_hex = std::array<char, 64>;

// SHA-256 of bytes that arrive piece by piece.
class sha256 {
  public:
    sha256();
    ~sha256();
    sha256(sha256&&) noexcept;
    sha256& operator=(sha256&&) noexcept;

    sha256& add(std::string_view text);
    sha256& add(std::span<const std::byte> data);

    // The digest of everything since construction or the last finish().
    sha256_digest finish();

  private:
    struct state;
    std::unique_ptr<state> state_;
};

[[nodiscard]] sha256_digest sha256_of(std::string_view text);
[[nodiscard]] sha256_digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view text);

// The same under a key that is used often: what depends on the key alone is computed once, which for a
// short text is most of the work. OpenSSL wipes what it keeps of the key.
class hmac_key {
  public:
    explicit hmac_key(std::span<const std::uint8_t> key);
    ~hmac_key();
    hmac_key(hmac_key&& other) noexcept;
    hmac_key& operator=(hmac_key&& other) noexcept;

    [[nodiscard]] sha256_digest of(std::string_view text) const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

[[nodiscard]] sha256_hex to_hex(const sha256_digest& digest);
[[nodiscard]] inline std::string_view view_of(const sha256_hex& hex) {
    return {hex.data(), hex.size()};
}

// Nothing unless it is exactly 64 hexadecimal digits.
[[nodiscard]] std::optional<sha256_digest> digest_from_hex(std::string_view hex);

// Takes the same time wherever they differ.
[[nodiscard]] bool equal_constant_time(const sha256_digest& a, const sha256_digest& b);
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

// Overwrites in a way that the compiler may not leave out.
void wipe(std::span<std::uint8_t> secret);
void wipe(std::string& secret);

}  // namespace lode::frontend::s3
