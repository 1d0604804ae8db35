#include "frontend/sealing/customer_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "engine/base/assert.h"
#include "frontend/s3/digest.h"
#include "frontend/sealing/hkdf.h"

namespace lode::frontend::sealing {
namespace {

constexpr std::string_view prefix = "x-amz-server-side-encryption-customer-";
constexpr std::string_view algorithm_field = "x-amz-server-side-encryption-customer-algorithm";
constexpr std::string_view key_field = "x-amz-server-side-encryption-customer-key";
constexpr std::string_view md5_field = "x-amz-server-side-encryption-customer-key-MD5";

constexpr std::string_view fingerprint_label = "lode customer key: fingerprint, version 1";
constexpr std::string_view content_label = "lode customer key: content of a part, version 1";

using md5_digest = std::array<std::uint8_t, 16>;

// Nothing where the host's OpenSSL forbids MD5: such a node does not accelerate these objects.
std::optional<md5_digest> md5_of(std::span<const std::uint8_t> data) {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "MD5", nullptr);
    md5_digest digest{};
    unsigned length = 0;
    if (method == nullptr) return std::nullopt;
    if (EVP_Digest(data.data(), data.size(), digest.data(), &length, method, nullptr) != 1) {
        return std::nullopt;
    }
    LODE_ASSERT(length == digest.size());
    return digest;
}

int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

// Exactly out.size() bytes in the one spelling that RFC 4648 calls canonical.
bool decode_base64(std::string_view text, std::span<std::uint8_t> out) {
    if (text.size() != (out.size() + 2) / 3 * 4) return false;
    const std::size_t digits = (out.size() * 8 + 5) / 6;
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const char c : text.substr(0, digits)) {
        const int value = sextet(c);
        if (value < 0) return false;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[at++] = static_cast<std::uint8_t>(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    return at == out.size() && bits == 0 &&
           text.substr(digits).find_first_not_of('=') == std::string_view::npos;
}

// The value of a field that is there exactly once.
std::optional<std::string_view> only(std::span<const http::header> headers, std::string_view name) {
    if (http::count_header(headers, name) != 1) return std::nullopt;
    return http::find_header(headers, name);
}

}  // namespace

std::optional<customer_key> customer_key::from(std::span<const http::header> headers) {
    const auto algorithm = only(headers, algorithm_field);
    const auto text = only(headers, key_field);
    const auto md5_text = only(headers, md5_field);
    if (!algorithm || !text || !md5_text || *algorithm != "AES256") return std::nullopt;
    secret_key key;
    md5_digest stated{};
    if (!decode_base64(*text, key.octets()) || !decode_base64(*md5_text, stated)) {
        return std::nullopt;
    }
    const auto true_one = md5_of(key.octets());
    if (!true_one || CRYPTO_memcmp(true_one->data(), stated.data(), stated.size()) != 0) {
        return std::nullopt;
    }
    return customer_key(std::move(key));
}

std::string customer_key::fingerprint() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::uint8_t, 16> made{};
    hkdf_sha256(key_.octets(), {}, fingerprint_label, made);
    std::string text;
    for (const std::uint8_t octet : made) {
        text += digits[octet >> 4U];
        text += digits[octet & 15U];
    }
    return text;
}

content_key customer_key::content_key_for(hash128 part) const {
    std::string info(content_label);
    for (const std::uint64_t half : {part.high, part.low}) {
        for (int shift = 56; shift >= 0; shift -= 8) info += static_cast<char>(half >> shift);
    }
    secret_key made;
    hkdf_sha256(key_.octets(), {}, info, made.octets());
    return {std::move(made), part};
}

void secret_key::wipe() { s3::wipe(octets_); }

bool is_customer_key_field(std::string_view name) {
    return http::starts_with_ignoring_case(name, prefix);
}

std::array<http::header, 3> customer_key_fields(std::span<const http::header> headers) {
    std::array<http::header, 3> fields = {
        {{.name = algorithm_field, .value = {}}, {.name = key_field}, {.name = md5_field}}};
    for (http::header& field : fields) {
        const auto value = only(headers, field.name);
        LODE_ASSERT(value.has_value());
        field.value = *value;
    }
    return fields;
}

void add_customer_key_answer(http::head_writer& writer, std::span<const http::header> headers) {
    const auto fields = customer_key_fields(headers);
    writer.field(fields[0]).field(fields[2]);
}

}  // namespace lode::frontend::sealing
