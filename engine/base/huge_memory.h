// engine/base/huge_memory.h
//
// Zeroed memory for large tables that are read at random: a mapping of its own, in huge pages where
// it is large enough for them, so that a look-up does not wait for the page tables besides.
//
//   Core    Any.
//   Memory  Address space at once; memory when it is touched, in pages of 4 KiB, or of 2 MiB from
//           `huge_from` on.
//   Errors  std::bad_alloc when the kernel refuses the address space. Where it has no huge pages it
//           gives small ones, and nobody is told.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/base/units.h"

namespace lode {

class huge_memory {
  public:
    static constexpr bytes huge_page{std::uint64_t{2} << 20U};

    // The last huge page of a table that has just begun to fill is mostly unused. From this size on,
    // that is a small part of what the table is meant to take.
    static constexpr bytes huge_from = huge_page * 8;

    huge_memory() = default;
    explicit huge_memory(bytes size);
    ~huge_memory();
    huge_memory(huge_memory&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), length_(std::exchange(other.length_, {})) {}
    huge_memory& operator=(huge_memory&&) = delete;

    // Aligned to a small page at least.
    [[nodiscard]] std::byte* data() const { return start_; }
    // What was asked for, in whole pages.
    [[nodiscard]] bytes size() const { return length_; }

  private:
    std::byte* start_ = nullptr;
    bytes length_;
};

}  // namespace lode
