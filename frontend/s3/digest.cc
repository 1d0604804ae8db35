#include "frontend/s3/digest.h"

#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "engine/base/assert.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::s3 {
namespace {

// Fetched once: EVP_sha256() makes OpenSSL 3 look the implementation up at every use.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    LODE_ASSERT(method != nullptr);
    return method;
}

EVP_MAC* hmac_method() {
    static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    LODE_ASSERT(method != nullptr);
    return method;
}

// Not made for each text: that costs a short one more than hashing it.
class hmac_context {
  public:
    hmac_context() : context_(EVP_MAC_CTX_new(hmac_method())) {
        LODE_ASSERT(context_ != nullptr);
        std::array<char, 7> digest{"SHA256"};
        const std::array<OSSL_PARAM, 2> how = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        const int set = EVP_MAC_CTX_set_params(context_, how.data());
        LODE_ASSERT(set == 1);
    }
    ~hmac_context() { EVP_MAC_CTX_free(context_); }
    hmac_context(const hmac_context&) = delete;
    hmac_context& operator=(const hmac_context&) = delete;

    [[nodiscard]] EVP_MAC_CTX* get() const { return context_; }

  private:
    EVP_MAC_CTX* context_;
};

}  // namespace

struct sha256::state {
    state() : context(EVP_MD_CTX_new()) { LODE_ASSERT(context != nullptr); }
    ~state() { EVP_MD_CTX_free(context); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    void begin() const {
        const int begun = EVP_DigestInit_ex(context, sha256_method(), nullptr);
        LODE_ASSERT(begun == 1);
    }

    EVP_MD_CTX* context;
};

sha256::sha256() : state_(std::make_unique<state>()) { state_->begin(); }
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

sha256& sha256::add(std::string_view text) { return add(std::as_bytes(std::span(text))); }

sha256& sha256::add(std::span<const std::byte> data) {
    const int added = EVP_DigestUpdate(state_->context, data.data(), data.size());
    LODE_ASSERT(added == 1);
    return *this;
}

sha256_digest sha256::finish() {
    sha256_digest digest{};
    unsigned length = 0;
    const int finished = EVP_DigestFinal_ex(state_->context, digest.data(), &length);
    LODE_ASSERT(finished == 1 && length == digest.size());
    state_->begin();
    return digest;
}

sha256_digest sha256_of(std::string_view text) {
    thread_local sha256 hash;
    return hash.add(text).finish();
}

sha256_digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view text) {
    thread_local const hmac_context mac;
    sha256_digest digest{};
    std::size_t length = 0;
    // OpenSSL takes a null key to mean "the key of last time", so an empty one needs an address.
    const std::uint8_t nothing = 0;
    const std::uint8_t* const start = key.empty() ? &nothing : key.data();
    const auto* const message = reinterpret_cast<const unsigned char*>(text.data());
    const bool made = EVP_MAC_init(mac.get(), start, key.size(), nullptr) == 1 &&
                      EVP_MAC_update(mac.get(), message, text.size()) == 1 &&
                      EVP_MAC_final(mac.get(), digest.data(), &length, digest.size()) == 1;
    LODE_ASSERT(made && length == digest.size());
    return digest;
}

struct hmac_key::state {
    hmac_context mac;
};

hmac_key::hmac_key(std::span<const std::uint8_t> key) : state_(std::make_unique<state>()) {
    LODE_ASSERT(!key.empty());
    const int begun = EVP_MAC_init(state_->mac.get(), key.data(), key.size(), nullptr);
    LODE_ASSERT(begun == 1);
}

hmac_key::~hmac_key() = default;
hmac_key::hmac_key(hmac_key&&) noexcept = default;
hmac_key& hmac_key::operator=(hmac_key&&) noexcept = default;

sha256_digest hmac_key::of(std::string_view text) const {
    LODE_ASSERT(state_ != nullptr);
    sha256_digest digest{};
    std::size_t length = 0;
    EVP_MAC_CTX* const context = state_->mac.get();
    const auto* const message = reinterpret_cast<const unsigned char*>(text.data());
    // Without a key, the one that it was made with.
    const bool made = EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
                      EVP_MAC_update(context, message, text.size()) == 1 &&
                      EVP_MAC_final(context, digest.data(), &length, digest.size()) == 1;
    LODE_ASSERT(made && length == digest.size());
    return digest;
}

sha256_hex to_hex(const sha256_digest& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    sha256_hex hex{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        hex[2 * i] = digits[digest[i] >> 4U];
        hex[2 * i + 1] = digits[digest[i] & 15U];
    }
    return hex;
}

std::optional<sha256_digest> digest_from_hex(std::string_view hex) {
    sha256_digest digest{};
    if (hex.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const auto high = hex_digit(hex[2 * i]);
        const auto low = hex_digit(hex[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        digest[i] = static_cast<std::uint8_t>(*high << 4U | *low);
    }
    return digest;
}

bool equal_constant_time(const sha256_digest& a, const sha256_digest& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

void wipe(std::string& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

}  // namespace lode::frontend::s3
