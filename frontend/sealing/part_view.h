// frontend/sealing/part_view.h
//
// How the bytes of a part lie in the store: as they are, or sealed under a customer's key. Whoever reads
// or fills a part asks the view where a byte is, hands the store the view's key and the view's source, and
// has each leased chunk opened by it; it need not know which of the two it is.
//
// A sealed chunk is opened as a whole, so a reader waits for all of it, also where the store could give
// out the beginning of a chunk that is still arriving.
//
//   Core    One; a source() goes wherever the store takes it.
//   Memory  For a sealed part, an OpenSSL context: about 1 KiB.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/base/error.h"
#include "engine/store/part_key.h"
#include "engine/store/part_source.h"
#include "frontend/sealing/chunk_seal.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::sealing {

class part_view {
  public:
    // `part` has the length of the plaintext. Sealed if there is a key; then the part's id came about
    // with its fingerprint.
    part_view(const engine::part_key& part, const std::optional<customer_key>& key);

    [[nodiscard]] bool sealed() const { return seal_.has_value(); }

    // What the store calls it, with the length that the store keeps.
    [[nodiscard]] const engine::part_key& stored() const { return stored_; }

    // The chunks that hold these plaintext bytes; none when there are none.
    [[nodiscard]] engine::chunk_range chunks(part_offset first, part_offset end) const;

    // The chunk's first plaintext byte, and how many it holds.
    [[nodiscard]] part_offset begin(std::uint32_t chunk) const;
    [[nodiscard]] bytes length(std::uint32_t chunk) const;

    // What the store is to be filled from, given where plaintext comes from.
    [[nodiscard]] std::unique_ptr<engine::part_source> source(
        std::unique_ptr<engine::part_source> plain) const;

    // The plaintext of a chunk: `stored` itself, or what was sealed, opened into `memory`, which must
    // then have room for it. corrupt: not sealed with this key for this place.
    [[nodiscard]] result<std::span<const std::byte>> open(std::uint32_t chunk,
                                                          std::span<const std::byte> stored,
                                                          std::span<std::byte> memory);

  private:
    struct sealed_state {
        content_key key;
        chunk_opener opener;
    };

    engine::part_key plain_;
    engine::part_key stored_;
    std::optional<sealed_state> seal_;
};

}  // namespace lode::frontend::sealing
