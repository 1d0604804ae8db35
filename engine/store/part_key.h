// engine/store/part_key.h
//
// What the store keeps: parts, cut into chunks of 1 MiB. A part's id names its content, so a chunk
// that was once right is right for ever and nothing is invalidated.
//
//   Limits  A part has 1 byte to 2^31 chunks. S3 uploads parts of up to 5 GiB; an object that is
//           treated as one part may be longer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/hash.h"
#include "engine/base/size_class.h"
#include "engine/base/units.h"

namespace lode::engine {

struct part_key {
    hash128 id;
    bytes length;

    friend bool operator==(const part_key&, const part_key&) = default;
};

inline constexpr bytes part_length_max = chunk_size * (std::uint64_t{1} << 31U);

// Chunks first, first + 1, ... of a part.
struct chunk_range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;

    friend bool operator==(const chunk_range&, const chunk_range&) = default;
};

[[nodiscard]] constexpr std::uint32_t chunk_count(bytes part_length) {
    return static_cast<std::uint32_t>(ceil_div(part_length, chunk_size));
}

[[nodiscard]] constexpr part_offset chunk_begin(std::uint32_t chunk) {
    return part_offset(chunk * chunk_size.count());
}

// Every chunk is 1 MiB long but the last one, which has the rest.
[[nodiscard]] constexpr bytes chunk_length(bytes part_length, std::uint32_t chunk) {
    return std::min(chunk_size, part_length - bytes(chunk_begin(chunk).value()));
}

[[nodiscard]] constexpr std::uint32_t chunk_of(part_offset at) {
    return static_cast<std::uint32_t>(at.value() / chunk_size.count());
}

}  // namespace lode::engine
