// engine/runtime/frames.h
//
// The memory that a core reads device and socket bytes into: one aligned arena, cut into blocks of
// 1 MiB; a block is either one frame or is split into frames of one smaller size class. A block
// whose frames are all free goes back to the pool of blocks and may be split differently next time.
//
//   Core        One home core takes and gives back. Others may read or fill a frame that was lent
//               to them.
//   Memory      Reserved in open(), touched on first use (huge_memory.h). 24 bytes of bookkeeping
//               per block.
//   Errors      try_take() says no when nothing is free; who to evict is not decided here.
//   Invariants  A frame is aligned to its own size and never straddles a registered piece of the
//               ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/huge_memory.h"
#include "engine/base/size_class.h"
#include "engine/base/units.h"

namespace lode::engine {

// A frame's number: its block times 256 plus its index within the block.
using frame_id = id<struct frame_tag>;

struct frame {
    frame_id number;
    size_class size;
    std::byte* data = nullptr;

    [[nodiscard]] std::span<std::byte> memory() const { return {data, size.size().count()}; }
};

class frame_pool {
  public:
    static constexpr std::uint32_t frames_per_block_max = 256;
    static constexpr bytes block_size = chunk_size;

    // Reserves `capacity`, rounded down to whole blocks; at least one.
    [[nodiscard]] static result<frame_pool> open(bytes capacity);

    frame_pool(frame_pool&&) noexcept = default;
    frame_pool& operator=(frame_pool&&) = delete;
    ~frame_pool() = default;

    // A frame of class `c`, or nothing when neither a frame of that class nor a whole block is
    // free.
    [[nodiscard]] std::optional<frame> try_take(size_class c);
    void give_back(frame_id number);

    [[nodiscard]] frame at(frame_id number) const;

    [[nodiscard]] std::uint32_t block_of(frame_id number) const {
        return number.value() / frames_per_block_max;
    }
    [[nodiscard]] std::uint32_t blocks() const {
        return static_cast<std::uint32_t>(blocks_.size());
    }
    [[nodiscard]] std::uint32_t free_blocks() const {
        return static_cast<std::uint32_t>(free_blocks_.size());
    }
    [[nodiscard]] bytes capacity() const { return block_size * blocks_.size(); }
    [[nodiscard]] bytes used() const { return used_; }
    [[nodiscard]] std::span<std::byte> arena() const { return {arena_.data(), capacity().count()}; }

  private:
    struct block {
        size_class size;
        bool split = false;             // belongs to `size`; else whole and free
        std::uint16_t used = 0;         // frames taken
        std::uint32_t open_index = 0;   // place in open_[size], when it has a free frame
        std::uint64_t* free = nullptr;  // bitmap of free frames, four words
    };

    frame_pool(huge_memory arena, std::size_t blocks);

    void list_open(std::uint32_t number);
    void unlist_open(std::uint32_t number);

    huge_memory arena_;
    std::vector<block> blocks_;
    std::vector<std::uint64_t> bitmaps_;
    std::vector<std::uint32_t> free_blocks_;
    std::vector<std::uint32_t>
        open_[size_class::count];  // blocks of a class that have a free frame
    bytes used_;
};

}  // namespace lode::engine
