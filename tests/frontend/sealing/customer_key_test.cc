#include "frontend/sealing/customer_key.h"

#include "frontend/sealing/hkdf.h"
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::sealing;

namespace {

std::string hex(std::span<const std::uint8_t> octets) {
    std::string text;
    for (const std::uint8_t octet : octets) {
        text += "0123456789abcdef"[octet >> 4U];
        text += "0123456789abcdef"[octet & 15U];
    }
    return text;
}

bool readable(std::string_view key, std::string_view md5, std::string_view algorithm = "AES256") {
    return customer_key::from(key_fields(key, md5, algorithm)).has_value();
}

// The same fields without one, or with one more.
std::vector<http::header> changed(std::size_t without) {
    auto fields = key_fields();
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(without));
    return fields;
}

}  // namespace

TEST_CASE("HKDF gives the keys of RFC 5869, with and without a salt") {
    const std::vector<std::uint8_t> secret(22, 0x0b);
    std::array<std::uint8_t, 42> out{};

    hkdf_sha256(secret,
                std::string_view("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", 13),
                "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out);
    CHECK(hex(out) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");

    hkdf_sha256(secret, {}, {}, out);
    CHECK(hex(out) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("a customer's key is read from its three fields, whatever the case of their names") {
    CHECK(readable(one_key, one_md5));
    CHECK(readable(other_key, other_md5));
}

TEST_CASE("a key of any other form is left to the store") {
    CHECK(!readable(one_key, other_md5));
    CHECK(!readable(one_key, one_md5, "aes256"));
    CHECK(!readable(one_key, one_md5, "aws:kms"));
    CHECK(!readable(one_key, one_md5, ""));
    for (std::size_t i = 1; i < 4; ++i) CHECK(!customer_key::from(changed(i)));
    for (std::size_t i = 1; i < 4; ++i) {
        auto twice = key_fields();
        twice.push_back(twice[i]);
        CHECK(!customer_key::from(twice));
    }
    CHECK(!customer_key::from({}));

    // 31, 33 and no bytes; an alphabet of its own; padding too short, too long, in the middle; bits
    // beyond the last byte.
    for (const std::string_view key : {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", "",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka-xwdHh8=",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX=BkaGxwdHh8=",
                                       " AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="}) {
        CAPTURE(key);
        CHECK(!readable(key, one_md5));
    }
    CHECK(!readable(one_key, "tP/LI3N87DFaSk0aoqYgzh=="));
    CHECK(!readable(one_key, "tP/LI3N87DFaSk0aoqYgzg="));
}

TEST_CASE("fingerprint and content key are those of the written-down derivation") {
    const customer_key key = one();

    CHECK(key.fingerprint() == "ff773d9e296b5f549bd5f2a43280a48b");
    const content_key content =
        key.content_key_for({.high = 0x0123'4567'89ab'cdef, .low = 0xfedc'ba98'7654'3210});
    CHECK(hex(content.octets()) ==
          "d348ce56d0e35170af7f61642c74f9d8db65fcc8a9127c885bfc02e4529a25be");
}

TEST_CASE("other keys and other parts have other content keys") {
    const hash128 part{.high = 1, .low = 2};
    const hash128 other_part{.high = 1, .low = 3};

    CHECK(another().fingerprint() != one().fingerprint());
    CHECK(hex(one().content_key_for(part).octets()) !=
          hex(one().content_key_for(other_part).octets()));
    CHECK(hex(one().content_key_for(part).octets()) !=
          hex(another().content_key_for(part).octets()));
}

TEST_CASE("a key that is moved from is wiped") {
    secret_key from;
    for (std::uint8_t& octet : from.octets()) octet = 7;

    const secret_key to = std::move(from);

    CHECK(hex(to.octets()) == hex(std::vector<std::uint8_t>(32, 7)));
    CHECK(hex(from.octets()) == hex(std::vector<std::uint8_t>(32, 0)));
}

TEST_CASE("a key that is destroyed is wiped") {
    alignas(secret_key) std::array<std::uint8_t, sizeof(secret_key)> place{};
    auto* const key = new (place.data()) secret_key;
    for (std::uint8_t& octet : key->octets()) octet = 7;

    key->~secret_key();

    CHECK(hex(place) == hex(std::vector<std::uint8_t>(sizeof(secret_key), 0)));
}

TEST_CASE("an answer names the algorithm and the key's MD5, and not the key") {
    std::string text;
    http::head_writer writer(text);
    const auto fields = key_fields();
    writer.response(200);

    add_customer_key_answer(writer, fields);

    CHECK(text.find("customer-algorithm: AES256\r\n") != std::string::npos);
    CHECK(text.find(one_md5) != std::string::npos);
    CHECK(text.find(one_key) == std::string::npos);
}

TEST_CASE("the fields of a copy's source are not those of the object") {
    CHECK(is_customer_key_field("X-Amz-Server-Side-Encryption-Customer-Key"));
    CHECK(!is_customer_key_field("x-amz-copy-source-server-side-encryption-customer-key"));
    CHECK(!is_customer_key_field("x-amz-server-side-encryption"));
}
