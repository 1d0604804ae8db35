// engine/store/part_index.h
//
// What one core knows about its parts: an open-addressed hash table from part id to part, and per
// part a record per chunk that says where the chunk is.
//
//   Core        One home core.
//   Memory      Address space for everything at the start, touched as it fills (huge_memory.h): 11
//               to 22 bytes of table per possible part, 64 bytes per part; 12 bytes per chunk of
//               parts that have several.
//   Invariants  A part_ref stays the same part until erase(). A part without chunks, marks or pins
//               is erased.
//   Errors      insert() says no when the bound on parts or on chunks is reached; whom to evict is
//               decided elsewhere.
//   Limits      parts_max and chunks_max, given at the start.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/hash.h"
#include "engine/base/huge_memory.h"
#include "engine/runtime/frames.h"
#include "engine/store/format.h"
#include "engine/store/part_key.h"
#include "engine/store/part_ref.h"

namespace lode::engine {

// Where a chunk is, in four bytes.
class chunk_location {
  public:
    enum class kind : std::uint8_t {
        absent,   // nowhere
        filling,  // somebody is bringing it
        slot,     // on the device only
        frame,    // in memory; the frame knows whether it is on the device too
    };

    constexpr chunk_location() = default;
    [[nodiscard]] static constexpr chunk_location filling() { return chunk_location(1); }

    // Whether this process knows that the slot has the chunk's bytes, or has it from a descriptor
    // that it found at start, and whose slot may have been taken over just before a crash.
    enum class proof : std::uint8_t { known, found };
    [[nodiscard]] static constexpr chunk_location of(format::slot_address at,
                                                     proof how = proof::known) {
        LODE_ASSERT(at.slot < 1U << format::slot_bits && at.slab < format::slabs_per_shard_max - 1);
        const std::uint32_t number = (at.slab << format::slot_bits) | at.slot;
        return chunk_location((how == proof::found ? found_bit : 0) | (first_slot + number));
    }
    [[nodiscard]] static constexpr chunk_location of(frame_id frame) {
        LODE_ASSERT(frame.value() < frame_bit);
        return chunk_location(frame_bit | frame.value());
    }

    [[nodiscard]] constexpr kind what() const {
        if ((raw_ & frame_bit) != 0) return kind::frame;
        if ((raw_ & ~found_bit) >= first_slot) return kind::slot;
        return raw_ == 1 ? kind::filling : kind::absent;
    }
    [[nodiscard]] constexpr frame_id frame() const {
        LODE_ASSERT(what() == kind::frame);
        return frame_id(raw_ & ~frame_bit);
    }
    [[nodiscard]] constexpr format::slot_address slot() const {
        LODE_ASSERT(what() == kind::slot);
        const std::uint32_t number = (raw_ & ~found_bit) - first_slot;
        return {.slab = number >> format::slot_bits,
                .slot = number & ((1U << format::slot_bits) - 1)};
    }

    [[nodiscard]] constexpr proof slot_proof() const {
        LODE_ASSERT(what() == kind::slot);
        return (raw_ & found_bit) != 0 ? proof::found : proof::known;
    }

    friend constexpr bool operator==(chunk_location, chunk_location) = default;

  private:
    static constexpr std::uint32_t frame_bit = std::uint32_t{1} << 31U;
    static constexpr std::uint32_t found_bit = std::uint32_t{1} << 30U;
    static constexpr std::uint32_t first_slot = 2;

    constexpr explicit chunk_location(std::uint32_t raw) : raw_(raw) {}

    std::uint32_t raw_ = 0;
};

// Where a chunk is, and the XXH3 of its bytes once it is on the device; while a fill brings it, the
// frame that it arrives in.
class chunk_record {
  public:
    chunk_location location;

    // Of a chunk that is being filled.
    void set_arriving(std::optional<frame_id> frame) {
        low_ = frame ? frame->value() + 1 : 0;
        high_ = 0;
    }
    [[nodiscard]] std::optional<frame_id> arriving() const {
        LODE_ASSERT(location.what() == chunk_location::kind::filling);
        if (low_ == 0) return std::nullopt;
        return frame_id(low_ - 1);
    }

    [[nodiscard]] std::uint64_t checksum() const { return (std::uint64_t{high_} << 32U) | low_; }
    void set_checksum(std::uint64_t sum) {
        high_ = static_cast<std::uint32_t>(sum >> 32U);
        low_ = static_cast<std::uint32_t>(sum);
    }

  private:
    // In halves, so that the record needs no alignment to eight bytes.
    std::uint32_t low_ = 0;
    std::uint32_t high_ = 0;
};
static_assert(sizeof(chunk_record) == 12);

// One line of the processor's cache, so that a look-up waits for one.
class alignas(64) part {
  public:
    part() = default;
    ~part() { clear(); }
    part(const part&) = delete;
    part& operator=(const part&) = delete;

    hash128 id;
    bytes length;

    // Links of the eviction policy.
    part_ref colder = no_part;
    part_ref warmer = no_part;

    std::uint32_t held = 0;       // chunks that are not absent
    std::uint32_t on_device = 0;  // chunks that own a slot
    std::uint32_t busy = 0;       // chunks being filled, and frames that are pinned
    std::uint8_t device = 0;      // where its chunks go

    [[nodiscard]] std::uint32_t chunks() const { return chunk_count(length); }
    [[nodiscard]] chunk_record& chunk(std::uint32_t n) {
        LODE_ASSERT(n < chunks());
        return chunks() == 1 ? records_.one : records_.many[n];
    }

  private:
    friend class part_index;

    void open(const part_key& key);
    void clear();

    union records {
        records() : one() {}
        chunk_record one;
        chunk_record* many;
    } records_;
};
static_assert(sizeof(part) == 64);

class part_index {
  public:
    part_index(std::uint32_t parts_max, std::uint64_t chunks_max);
    ~part_index();
    part_index(const part_index&) = delete;
    part_index& operator=(const part_index&) = delete;

    // no_part when it is not known.
    [[nodiscard]] part_ref find(hash128 id) const;

    // The id is not known yet. no_part when a bound is reached.
    [[nodiscard]] part_ref insert(const part_key& key);

    [[nodiscard]] part& at(part_ref ref) {
        LODE_ASSERT(ref.value() < made_);
        return parts_[ref.value()];
    }

    // Returns whether it was.
    bool erase_if_empty(part_ref ref);

    // Every part's ref is below this; those that are not in use have no length.
    [[nodiscard]] part_ref end() const { return part_ref(made_); }

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] std::uint32_t capacity() const { return parts_max_; }
    [[nodiscard]] bytes memory() const;

  private:
    [[nodiscard]] std::size_t first_place(std::uint32_t tag) const { return tag & mask_; }
    [[nodiscard]] std::size_t place_of(hash128 id) const;  // the entry, or the empty place
    void remove_entry(std::size_t place);

    [[nodiscard]] part_ref take_part();

    huge_memory table_memory_;
    huge_memory parts_memory_;
    // An entry: the id's low 32 bits above the part_ref plus one; 0 is empty.
    std::uint64_t* table_;
    std::size_t mask_;
    part* parts_;
    std::uint32_t made_ = 0;   // parts below this exist, in use or free
    part_ref free_ = no_part;  // the free ones, each linked to the next by `colder`
    std::uint32_t parts_max_;
    std::uint64_t chunks_max_;
    std::uint32_t size_ = 0;
    std::uint64_t further_chunks_ = 0;
};

}  // namespace lode::engine
