// frontend/sealing/sealed_layout.h
//
// Where the bytes of a part are once it is sealed. The part's plaintext is cut into slices; each slice is
// sealed by itself and becomes one chunk of the store:
//
//     nonce (12)  ciphertext (as long as the slice)  tag (16)
//
// Slices are so long that a full one fills a chunk. So chunk n of a sealed part holds slice n of its
// plaintext, and a sealed part has as many chunks as its plaintext has slices.
//
//   Limits  A part that is too long for the store has a sealed length that the store refuses.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/units.h"
#include "engine/store/part_key.h"

namespace lode::frontend::sealing {

inline constexpr bytes nonce_length{12};
inline constexpr bytes tag_length{16};
inline constexpr bytes seal_overhead = nonce_length + tag_length;
inline constexpr bytes slice_size = chunk_size - seal_overhead;

[[nodiscard]] constexpr bytes sealed_length(bytes plain) {
    // No arithmetic on what is refused anyway, so that nothing wraps round.
    if (plain > engine::part_length_max) return plain;
    return plain + ceil_div(plain, slice_size) * seal_overhead;
}

[[nodiscard]] constexpr std::uint32_t slice_of(part_offset plain) {
    return static_cast<std::uint32_t>(plain.value() / slice_size.count());
}

[[nodiscard]] constexpr part_offset slice_begin(std::uint32_t slice) {
    return part_offset(slice * slice_size.count());
}

// Every slice is slice_size long but the last one, which has the rest.
[[nodiscard]] constexpr bytes slice_length(bytes plain, std::uint32_t slice) {
    return std::min(slice_size, plain - bytes(slice_begin(slice).value()));
}

// Plaintext bytes first, first + 1, ... of a part.
struct plain_range {
    part_offset first;
    bytes length;

    friend bool operator==(const plain_range&, const plain_range&) = default;
};

// What lies in whole chunks of a sealed part: `first` begins a chunk, first + length ends one.
[[nodiscard]] constexpr plain_range plain_range_of(part_offset first, bytes length) {
    const std::uint32_t begin = engine::chunk_of(first);
    LODE_ASSERT(first == engine::chunk_begin(begin) && length > seal_overhead);
    return {.first = slice_begin(begin),
            .length = length - ceil_div(length, chunk_size) * seal_overhead};
}

}  // namespace lode::frontend::sealing
