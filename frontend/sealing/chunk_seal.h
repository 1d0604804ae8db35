// frontend/sealing/chunk_seal.h
//
// Seals slices of a part into chunks, and opens them: AES-256-GCM (NIST SP 800-38D) with the part's content
// key, a random nonce that is stored before the ciphertext, and the part's id and the chunk's number as
// associated data, so that a chunk opens only where it belongs.
//
// Why the nonce is random. GCM is lost when one key and nonce ever meet two plaintexts. The content key
// is one per (customer's key, part id), and a part id means one content as far as the ETag does; so the
// chunk's number would do, if ETags were what they should be. They are the store's word. With SSE-C
// many stores' ETags are no hash of the content; a store that is restored from a backup, or lies, may
// give one twice; an MD5 can be made to collide. And a fill that broke off and is repeated, or two
// nodes that fill one chunk, seal it again. With 96 random bits, sealing the same chunk twice is as
// harmless as sealing two chunks: 2^32 seals of one part (4 PiB of it) have a nonce in common with a
// probability of 2^-33.
//
//   Core      One; each object by itself.
//   Secrets   Keys are inside OpenSSL's context, which is wiped when it is freed.
//   Errors    corrupt: the chunk was not sealed with this key for this place, or was changed since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/error.h"
#include "frontend/sealing/customer_key.h"
#include "frontend/sealing/sealed_layout.h"

struct evp_cipher_ctx_st;

namespace lode::frontend::sealing {

using nonce_place = std::span<std::byte, nonce_length.count()>;
using tag_place = std::span<std::byte, tag_length.count()>;

struct cipher_context_deleter {
    void operator()(evp_cipher_ctx_st* context) const;
};
using cipher_context = std::unique_ptr<evp_cipher_ctx_st, cipher_context_deleter>;

// One chunk after the other: begin, seal in any number of pieces, finish.
class chunk_sealer {
  public:
    explicit chunk_sealer(const content_key& key);

    // Writes a fresh nonce.
    void begin(std::uint32_t chunk, nonce_place nonce);
    // `out` is as long as `plain`, and may be the same memory.
    void seal(std::span<const std::byte> plain, std::span<std::byte> out);
    void finish(tag_place tag);

  private:
    cipher_context context_;
    hash128 part_;
};

class chunk_opener {
  public:
    explicit chunk_opener(const content_key& key);

    // `sealed` is a whole chunk, `plain` exactly what it holds. After an error `plain` is wiped.
    [[nodiscard]] result<> open(std::uint32_t chunk, std::span<const std::byte> sealed,
                                std::span<std::byte> plain);

  private:
    cipher_context context_;
    hash128 part_;
};

}  // namespace lode::frontend::sealing
