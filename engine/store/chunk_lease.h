// engine/store/chunk_lease.h
//
// Permission to touch one chunk's memory, as a value.
//
//   chunk_lease  to read: the frame is pinned, so that it is neither evicted nor overwritten. The
//                chunk may still be arriving: then it is the beginning, and what follows is written
//                behind it, in the same frame.
//   chunk_claim  to write: the frame of one absent chunk, lent to whoever streams that chunk past
//                anyway.
//
//   Core      Obtained, used and destroyed on one core, which need not be the chunk's home: giving
//             back is a message to the home, without a wait and without an allocation, or, where this
//             core holds the chunk itself (near_chunks.h), a number that goes down.
//   Lifetime  All are given back before part_store::stop() is called on any core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/base/size_class.h"
#include "engine/base/units.h"
#include "engine/runtime/frames.h"

namespace lode::engine {

class home;

// For part_store::read(): the chunk is of no use before all of it is there.
inline constexpr bytes whole_chunk = chunk_size;

// Where a reader found its chunk.
enum class chunk_source : std::uint8_t { memory, disk, filling };

struct lent_chunk;

class chunk_lease {
  public:
    chunk_lease() = default;  // holds nothing
    // Of a chunk that this core holds.
    explicit chunk_lease(lent_chunk& from);
    chunk_lease(chunk_lease&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          lender_(other.lender_),
          data_(other.data_),
          frame_(other.frame_),
          core_(other.core_),
          source_(other.source_) {}
    chunk_lease& operator=(chunk_lease&& other) noexcept {
        if (this != &other) {
            give_back();
            owner_ = std::exchange(other.owner_, nullptr);
            lender_ = other.lender_;
            data_ = other.data_;
            frame_ = other.frame_;
            core_ = other.core_;
            source_ = other.source_;
        }
        return *this;
    }
    chunk_lease(const chunk_lease&) = delete;
    chunk_lease& operator=(const chunk_lease&) = delete;
    ~chunk_lease() { give_back(); }

    // The chunk, or as much of its beginning as had arrived when it was read.
    [[nodiscard]] std::span<const std::byte> data() const { return data_; }
    [[nodiscard]] chunk_source source() const { return source_; }
    [[nodiscard]] core_id home_core() const { return core_; }
    [[nodiscard]] explicit operator bool() const { return owner_ != nullptr; }

    void give_back();

  private:
    friend home;
    friend class chunk_claim;

    chunk_lease(home& owner, core_id core, frame_id frame, std::span<const std::byte> data,
                chunk_source source)
        : owner_(&owner), data_(data), frame_(frame), core_(core), source_(source) {}

    home* owner_ = nullptr;
    lent_chunk* lender_ = nullptr;  // null: the home
    std::span<const std::byte> data_;
    frame_id frame_;
    core_id core_;
    chunk_source source_ = chunk_source::memory;
};

// A lease that a core keeps, to lend it to readers of its own.
struct lent_chunk {
    chunk_lease lease;
    std::uint32_t users = 0;
};

class chunk_claim {
  public:
    chunk_claim() = default;  // holds nothing
    chunk_claim(chunk_claim&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          memory_(other.memory_),
          frame_(other.frame_),
          core_(other.core_) {}
    chunk_claim& operator=(chunk_claim&& other) noexcept {
        if (this != &other) {
            abandon();
            owner_ = std::exchange(other.owner_, nullptr);
            memory_ = other.memory_;
            frame_ = other.frame_;
            core_ = other.core_;
        }
        return *this;
    }
    chunk_claim(const chunk_claim&) = delete;
    chunk_claim& operator=(const chunk_claim&) = delete;
    ~chunk_claim() { abandon(); }

    // Exactly as long as the chunk. The claimer may also read it, to send it on while it arrives.
    [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
    [[nodiscard]] explicit operator bool() const { return owner_ != nullptr; }

    // All of memory() is written: readers get it and the device too. What comes back keeps the
    // bytes in place for a send that is still under way; let it go when that is done. The claim is
    // empty afterwards.
    chunk_lease publish();

    // The chunk is absent again; whoever waits for it gets errc::cancelled.
    void abandon();

  private:
    friend home;

    chunk_claim(home& owner, core_id core, frame_id frame, std::span<std::byte> memory)
        : owner_(&owner), memory_(memory), frame_(frame), core_(core) {}

    home* owner_ = nullptr;
    std::span<std::byte> memory_;
    frame_id frame_;
    core_id core_;
};

}  // namespace lode::engine
