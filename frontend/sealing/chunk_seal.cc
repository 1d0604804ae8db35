#include "frontend/sealing/chunk_seal.h"

#include <algorithm>
#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "engine/base/assert.h"

namespace lode::frontend::sealing {
namespace {

enum class direction : std::uint8_t { open = 0, seal = 1 };

const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const method = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    LODE_ASSERT(method != nullptr);
    return method;
}

const unsigned char* in(const std::byte* data) {
    return reinterpret_cast<const unsigned char*>(data);
}

unsigned char* out_of(std::byte* data) { return reinterpret_cast<unsigned char*>(data); }

// The key's schedule is made here, once for all chunks.
cipher_context make_context(const content_key& key, direction d) {
    cipher_context made(EVP_CIPHER_CTX_new());
    LODE_ASSERT(made != nullptr);
    const int ready = EVP_CipherInit_ex2(made.get(), aes_256_gcm(), key.octets().data(), nullptr,
                                         static_cast<int>(d), nullptr);
    LODE_ASSERT(ready == 1);
    return made;
}

// Part id and chunk number, big endian.
std::array<unsigned char, 20> place_of(hash128 part, std::uint32_t chunk) {
    std::array<unsigned char, 20> place{};
    std::size_t at = 0;
    for (const std::uint64_t half : {part.high, part.low}) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            place[at++] = static_cast<unsigned char>(half >> shift);
        }
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        place[at++] = static_cast<unsigned char>(chunk >> shift);
    }
    return place;
}

void begin_chunk(EVP_CIPHER_CTX* context, const std::byte* nonce, hash128 part,
                 std::uint32_t chunk) {
    // -1: the direction that the context was made for.
    const int ready = EVP_CipherInit_ex2(context, nullptr, nullptr, in(nonce), -1, nullptr);
    LODE_ASSERT(ready == 1);
    const auto place = place_of(part, chunk);
    int length = 0;
    const int added = EVP_CipherUpdate(context, nullptr, &length, place.data(), place.size());
    LODE_ASSERT(added == 1);
}

void run(EVP_CIPHER_CTX* context, std::span<const std::byte> from, std::span<std::byte> to) {
    LODE_ASSERT(from.size() == to.size() && from.size() <= chunk_size.count());
    if (from.empty()) return;
    int length = 0;
    const int done = EVP_CipherUpdate(context, out_of(to.data()), &length, in(from.data()),
                                      static_cast<int>(from.size()));
    LODE_ASSERT(done == 1 && static_cast<std::size_t>(length) == from.size());
}

}  // namespace

void cipher_context_deleter::operator()(evp_cipher_ctx_st* context) const {
    EVP_CIPHER_CTX_free(context);
}

chunk_sealer::chunk_sealer(const content_key& key)
    : context_(make_context(key, direction::seal)), part_(key.part()) {}

void chunk_sealer::begin(std::uint32_t chunk, nonce_place nonce) {
    const int drawn = RAND_bytes(out_of(nonce.data()), static_cast<int>(nonce.size()));
    LODE_ASSERT(drawn == 1);
    begin_chunk(context_.get(), nonce.data(), part_, chunk);
}

void chunk_sealer::seal(std::span<const std::byte> plain, std::span<std::byte> out) {
    run(context_.get(), plain, out);
}

void chunk_sealer::finish(tag_place tag) {
    int length = 0;
    const int ended = EVP_CipherFinal_ex(context_.get(), nullptr, &length);
    LODE_ASSERT(ended == 1 && length == 0);
    const int told = EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG,
                                         static_cast<int>(tag.size()), tag.data());
    LODE_ASSERT(told == 1);
}

chunk_opener::chunk_opener(const content_key& key)
    : context_(make_context(key, direction::open)), part_(key.part()) {}

result<> chunk_opener::open(std::uint32_t chunk, std::span<const std::byte> sealed,
                            std::span<std::byte> plain) {
    if (sealed.size() != plain.size() + seal_overhead.count()) return fail(errc::corrupt);
    begin_chunk(context_.get(), sealed.data(), part_, chunk);
    run(context_.get(), sealed.subspan(nonce_length.count(), plain.size()), plain);
    // OpenSSL takes the tag that it compares with by a pointer to non-const.
    std::array<std::byte, tag_length.count()> tag;
    std::ranges::copy(sealed.last<tag_length.count()>(), tag.begin());
    const int taken = EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG,
                                          static_cast<int>(tag.size()), tag.data());
    LODE_ASSERT(taken == 1);
    int length = 0;
    if (EVP_CipherFinal_ex(context_.get(), nullptr, &length) == 1) return {};
    OPENSSL_cleanse(plain.data(), plain.size());
    return fail(errc::corrupt);
}

}  // namespace lode::frontend::sealing
