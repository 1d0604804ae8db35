#include "frontend/sealing/chunk_seal.h"

#include <algorithm>
#include <set>
#include <vector>

#include <openssl/evp.h>

#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"

using namespace lode;
using namespace lode::frontend::sealing;

namespace {

data seal(const content_key& key, std::uint32_t chunk, const data& plain,
          std::size_t piece = ~std::size_t{0}) {
    data sealed(plain.size() + seal_overhead.count());
    const std::span all(sealed);
    chunk_sealer sealer(key);
    sealer.begin(chunk, all.first<nonce_length.count()>());
    for (std::size_t at = 0; at < plain.size(); at += piece) {
        const auto from = std::span(plain).subspan(at, std::min(piece, plain.size() - at));
        sealer.seal(from, all.subspan(nonce_length.count() + at, from.size()));
        if (piece > plain.size()) break;
    }
    sealer.finish(all.last<tag_length.count()>());
    return sealed;
}

// The plaintext, or nothing.
std::optional<data> open(const content_key& key, std::uint32_t chunk, const data& sealed) {
    data plain(sealed.size() - seal_overhead.count());
    chunk_opener opener(key);
    if (!opener.open(chunk, sealed, plain)) return std::nullopt;
    return plain;
}

// The format once more, written out with nothing of ours.
std::optional<data> open_by_hand(std::span<const std::uint8_t> key,
                                 std::span<const std::uint8_t> place, const data& sealed) {
    const auto* bytes_of = reinterpret_cast<const unsigned char*>(sealed.data());
    const int length = static_cast<int>(sealed.size()) - 28;
    data plain(static_cast<std::size_t>(length));
    EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
    int n = 0;
    EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), bytes_of);
    EVP_DecryptUpdate(context, nullptr, &n, place.data(), static_cast<int>(place.size()));
    EVP_DecryptUpdate(context, reinterpret_cast<unsigned char*>(plain.data()), &n, bytes_of + 12,
                      length);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16,
                        const_cast<unsigned char*>(bytes_of + 12 + length));
    const bool right = EVP_DecryptFinal_ex(context, nullptr, &n) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!right) return std::nullopt;
    return plain;
}

}  // namespace

TEST_CASE("what was sealed opens, at every length and in any pieces") {
    for (const std::size_t length :
         {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{17}, std::size_t{5000},
          std::size_t(slice_size.count())}) {
        CAPTURE(length);
        const data plain = noise(length);
        CHECK((open(some_key(), 3, seal(some_key(), 3, plain)) == plain));
        CHECK((open(some_key(), 3, seal(some_key(), 3, plain, 1001)) == plain));
    }
}

TEST_CASE("a sealed chunk is nonce, ciphertext and tag, bound to part id and chunk number") {
    const data plain = noise(777);
    const std::array<std::uint8_t, 20> place = {
        1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0, 1, 2, 3};

    const data sealed = seal(some_key(), 0x010203, plain);

    CHECK((open_by_hand(some_key().octets(), place, sealed) == plain));
    CHECK(std::ranges::search(sealed, std::span(plain).first(8)).empty());
}

TEST_CASE("a chunk opens with its key, in its part and at its place only") {
    const data sealed = seal(some_key(), 7, noise(1000));
    const hash128 near{.high = some_part.high, .low = some_part.low + 1};

    CHECK(open(some_key(), 7, sealed));
    CHECK(!open(some_key(), 8, sealed));
    CHECK(!open(another().content_key_for(some_part), 7, sealed));
    CHECK(!open(one().content_key_for(near), 7, sealed));
}

TEST_CASE("a part's id is authenticated by itself, not only through the key") {
    secret_key same;
    std::ranges::fill(same.octets(), std::uint8_t{9});
    const data sealed = seal(content_key(same, some_part), 0, noise(100));

    CHECK(open(content_key(same, some_part), 0, sealed));
    CHECK(!open(content_key(same, {.high = some_part.high + 1, .low = some_part.low}), 0, sealed));
}

TEST_CASE("one changed bit anywhere is noticed, and nothing of the plaintext is left") {
    const data sealed = seal(some_key(), 0, noise(100));
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        CAPTURE(at);
        data changed = sealed;
        changed[at] ^= std::byte{0x10};
        data plain(100, std::byte{1});
        chunk_opener opener(some_key());

        const auto opened = opener.open(0, changed, plain);

        REQUIRE(!opened);
        CHECK(opened.error().code == errc::corrupt);
        CHECK((plain == data(100)));
    }
    CHECK(!open(some_key(), 0, data(sealed.begin(), sealed.end() - 1)));
}

TEST_CASE("an opener goes on after a chunk that did not open") {
    const data plain = noise(500);
    const data sealed = seal(some_key(), 4, plain);
    data into(500);
    chunk_opener opener(some_key());

    CHECK(!opener.open(5, sealed, into));
    CHECK(opener.open(4, sealed, into));
    CHECK((into == plain));
}

TEST_CASE("the same chunk sealed again has another nonce and another ciphertext") {
    const data plain = noise(64);
    std::set<data> nonces;
    std::set<data> texts;
    for (int i = 0; i < 1000; ++i) {
        const data sealed = seal(some_key(), 0, plain);
        nonces.emplace(sealed.begin(), sealed.begin() + 12);
        texts.emplace(sealed.begin() + 12, sealed.end() - 16);
    }
    CHECK(nonces.size() == 1000);
    CHECK(texts.size() == 1000);
}
