// engine/base/huge_memory.h
//
// Zeroed memory for what is large: a mapping of its own, in huge pages where it is large enough for
// them. A table that is read at random then does not wait for the page tables besides, and a device
// finds a buffer's bytes in one piece.
//
//   Core    Any.
//   Memory  Address space at once; memory when it is touched, in pages of 4 KiB, or of 2 MiB from
//           `huge_from` on.
//   Errors  map() says what the kernel refused, the constructor throws std::bad_alloc. Where there
//           are no huge pages, small ones come, and nobody is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace lode {

class huge_memory {
  public:
    static constexpr bytes small_page{std::uint64_t{4} << 10U};
    static constexpr bytes huge_page{std::uint64_t{2} << 20U};

    // Of what has just begun to fill, most of a huge page is unused. From this size on, that is a
    // small part of what is meant to be taken.
    static constexpr bytes huge_from = huge_page * 8;

    // Aligned to `alignment`, a power of two, and to its own pages.
    [[nodiscard]] static result<huge_memory> map(bytes size, bytes alignment = small_page);

    huge_memory() = default;
    explicit huge_memory(bytes size) : huge_memory(map_or_throw(size)) {}
    ~huge_memory();
    huge_memory(huge_memory&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), length_(std::exchange(other.length_, {})) {}
    huge_memory& operator=(huge_memory&&) = delete;

    [[nodiscard]] std::byte* data() const { return start_; }
    // What was asked for, in whole pages.
    [[nodiscard]] bytes size() const { return length_; }

  private:
    huge_memory(std::byte* start, bytes length) : start_(start), length_(length) {}
    [[nodiscard]] static huge_memory map_or_throw(bytes size);

    std::byte* start_ = nullptr;
    bytes length_;
};

}  // namespace lode
