// frontend/chunk_walk.h
//
// The chunks that hold a range of an object, in order, across the borders of its parts.
//
//   Memory    A few words; copies are cheap, so that a copy can look ahead. Borrows the version.
#pragma once

#include <cstdint>

#include "engine/base/units.h"
#include "engine/store/part_key.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {

// How a part lies in the store: as it is, or sealed under a customer's key, where a chunk holds a little
// less than its own length (sealing/sealed_layout.h).
enum class kept : std::uint8_t { plain, sealed };

// The wanted bytes of one part.
struct part_slice {
    std::uint32_t index = 0;    // of the part in the version's layout
    engine::part_key plain{};   // with the length of the part itself
    engine::part_key stored{};  // with the length that the store keeps
    object_offset begins;       // the part's first byte in the object
    part_offset first;
    part_offset end;  // one past the last byte
    engine::chunk_range chunks;
};

class chunk_walk {
  public:
    // Requires first < end <= version.size.
    chunk_walk(const origin::object_version& version, object_offset first, object_offset end,
               kept how = kept::plain);

    [[nodiscard]] bool at_end() const { return at_end_; }
    [[nodiscard]] const part_slice& part() const { return part_; }
    [[nodiscard]] std::uint32_t chunk() const { return chunk_; }

    // Where the chunk's content begins in the part, and how long it is.
    [[nodiscard]] part_offset chunk_begin() const;
    [[nodiscard]] bytes chunk_length() const;

    // The wanted bytes of the chunk, as offsets in its content.
    [[nodiscard]] std::size_t first_in_chunk() const;
    [[nodiscard]] std::size_t end_in_chunk() const;

    void next_chunk();
    void next_part();

    // The parts from this one to the last.
    [[nodiscard]] std::uint32_t parts_left() const;

  private:
    void enter(std::uint32_t index);

    const origin::object_version* version_;
    object_offset first_;
    object_offset end_;
    kept how_;
    part_slice part_;
    std::uint32_t chunk_ = 0;
    bool at_end_ = false;
};

}  // namespace lode::frontend
