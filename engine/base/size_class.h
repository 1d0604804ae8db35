// engine/base/size_class.h
//
// Frames and slots come in nine sizes, the powers of two from 4 KiB to 1 MiB, so that a chunk of
// any length wastes less than half of its place, and a 5 KiB object does not occupy a megabyte.
#pragma once

#include <bit>
#include <cstdint>

#include "engine/base/assert.h"
#include "engine/base/units.h"

namespace lode {

inline constexpr bytes chunk_size{std::uint64_t{1} << 20U};  // a chunk is at most this long

class size_class {
  public:
    static constexpr std::uint8_t count = 9;
    static constexpr unsigned smallest_shift = 12;

    constexpr size_class() = default;
    constexpr explicit size_class(std::uint8_t index) : index_(index) {
        LODE_ASSERT(index < count);
    }

    // The smallest class that holds `length` bytes; length from 1 byte to 1 MiB.
    [[nodiscard]] static constexpr size_class holding(bytes length) {
        LODE_ASSERT(length > bytes(0) && length <= chunk_size);
        const std::uint64_t units = (length.count() - 1) >> smallest_shift;
        return size_class(static_cast<std::uint8_t>(std::bit_width(units)));
    }

    [[nodiscard]] constexpr std::uint8_t index() const { return index_; }
    [[nodiscard]] constexpr bytes size() const {
        return bytes(std::uint64_t{1} << (smallest_shift + index_));
    }

    friend constexpr auto operator<=>(size_class, size_class) = default;

  private:
    std::uint8_t index_ = 0;
};

}  // namespace lode
