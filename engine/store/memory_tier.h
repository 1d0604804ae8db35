// engine/store/memory_tier.h
//
// The frames of one core and what they hold. Frames that hold clean, unpinned chunks are the memory
// tier: a list from the least to the most recently used, from whose cold end a frame is taken when
// none is free.
//
//   Core        One home core; no waiting.
//   Memory      The frame pool, and 64 bytes per frame of blocks in use (0.006 % for 1 MiB frames,
//               1.6 % for 4 KiB).
//   Invariants  A frame is on the list exactly when it is ready, unpinned, and not being written.
//   Errors      take() says no when every frame that could serve is pinned.
//   Limits      take() looks at 64 blocks and 4,096 frames at most before it says no.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/list.h"
#include "engine/base/size_class.h"
#include "engine/runtime/frames.h"
#include "engine/store/format.h"
#include "engine/store/part_ref.h"

namespace lode::engine {

enum class frame_state : std::uint8_t {
    free,      // in the pool
    arriving,  // taken; bytes come from an origin or a claimer
    loading,   // bytes come from the device
    ready,     // holds a chunk that may be read
};

// What a frame holds. The home moves it from arriving or loading to ready; the rest is the tier's.
struct resident : list_hook<> {
    part_ref part = no_part;  // no_part: nobody finds it any more; it goes when its last pin does
    std::uint32_t chunk = 0;
    std::uint32_t pins = 0;
    frame_id frame;
    std::optional<format::slot_address> slot;  // its place on the device, if it has one
    frame_state state = frame_state::free;
    bool writing = false;    // on its way to `slot`, or waiting for one
    bool doomed = false;     // forget it when its transfer ends
    bool unproved = false;   // of a chunk that loads: only a descriptor of before says it is there
    std::uint8_t asked = 0;  // how often it was, since it came; 255 and more are the same
    bool seen = false;       // somebody read of it, since it began to arrive
    bool ahead = false;      // arrived before its reader: its fill counts it until it is read
    bool held = false;       // and has it pinned
    // Of a chunk that arrives through a fill: bytes that are there, and those that waiters know of.
    std::uint32_t arrived = 0;
    std::uint32_t announced = 0;
};

static_assert(sizeof(resident) == 64);

// Who hears that a chunk leaves memory to make room, and updates the index.
class memory_tier_owner {
  public:
    virtual void left_memory(resident& r) = 0;

  protected:
    ~memory_tier_owner() = default;
};

class memory_tier {
  public:
    memory_tier(frame_pool pool, memory_tier_owner& owner);
    memory_tier(const memory_tier&) = delete;
    memory_tier& operator=(const memory_tier&) = delete;

    // A frame with one pin, in state `arriving`; null when none can be had now.
    [[nodiscard]] resident* take(size_class c);

    [[nodiscard]] resident& at(frame_id frame);
    [[nodiscard]] std::span<std::byte> memory(const resident& r) const {
        return pool_.at(r.frame).memory();
    }
    [[nodiscard]] size_class class_of(const resident& r) const { return pool_.at(r.frame).size; }

    // Ready, or arriving and pinned already. Returns whether it was the first pin.
    bool pin(resident& r);

    enum class after_unpin : std::uint8_t { pinned, idle, freed };
    // The last pin of a ready frame puts it at the warm end of the list; of any other frees it.
    after_unpin unpin(resident& r);

    // Frees an unpinned, ready frame whose chunk left the index.
    void forget(resident& r);

    // The coldest chunk that nobody uses leaves memory. False when there is none.
    bool drop_coldest();
    // So does this one, unless somebody uses it.
    void drop(resident& r) {
        if (r.linked()) evict(r);
    }

    [[nodiscard]] const frame_pool& pool() const { return pool_; }
    [[nodiscard]] std::span<std::byte> arena() const { return pool_.arena(); }

  private:
    struct block {
        size_class size;
        std::unique_ptr<resident[]> frames;
    };

    void prepare_block(std::uint32_t number, size_class c);
    [[nodiscard]] bool block_is_idle(std::uint32_t number);
    void empty_block(std::uint32_t number);
    void evict(resident& r);
    void give_back(resident& r);

    frame_pool pool_;
    memory_tier_owner& owner_;
    std::vector<block> blocks_;
    list<resident> idle_;  // cold first
};

}  // namespace lode::engine
