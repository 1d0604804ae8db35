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

// The wanted bytes of one part.
struct part_slice {
    std::uint32_t index = 0;  // of the part in the version's layout
    engine::part_key key{};
    object_offset begins;  // the part's first byte in the object
    part_offset first;
    part_offset end;  // one past the last byte

    [[nodiscard]] bytes length() const { return end - first; }
    [[nodiscard]] engine::chunk_range chunks() const {
        const std::uint32_t begin = engine::chunk_of(first);
        return {.first = begin,
                .count = engine::chunk_of(part_offset(end.value() - 1)) - begin + 1};
    }
};

class chunk_walk {
  public:
    // Requires first < end <= version.size.
    chunk_walk(const origin::object_version& version, object_offset first, object_offset end);

    [[nodiscard]] bool at_end() const { return at_end_; }
    [[nodiscard]] const part_slice& part() const { return part_; }
    [[nodiscard]] std::uint32_t chunk() const { return chunk_; }

    // The wanted bytes of the chunk, as offsets in the chunk.
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
    part_slice part_;
    std::uint32_t chunk_ = 0;
    bool at_end_ = false;
};

}  // namespace lode::frontend
