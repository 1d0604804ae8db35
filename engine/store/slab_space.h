// engine/store/slab_space.h
//
// The slots of one shard on one device: which slab serves which size class, and which slots are
// taken. Pure bookkeeping; what is in the slots, and whom to evict, is decided elsewhere.
//
//   Core        One; no locks and no waiting.
//   Memory      About 40 bytes per slab, a bit per slot of a slab in use, and 4 bytes per slot of
//               the classes below 1 MiB.
//   Invariants  A slab whose last slot is released belongs to no class again. Each time a slab is
//               given to a class it gets a generation that no slab of the shard had before.
//   Errors      allocate() says no when neither a slot of the class nor a slab without class is
//               left.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/size_class.h"
#include "engine/base/units.h"
#include "engine/store/format.h"
#include "engine/store/part_ref.h"

namespace lode::engine {

class slab_space {
  public:
    slab_space(bytes slab_size, std::uint32_t slabs);

    struct allocation {
        format::slot_address at;
        bool first_of_slab = false;  // the slab was just given to the class
    };
    // `owner` can be asked for later, but for slots of 1 MiB: those are so few that a search is
    // cheaper.
    [[nodiscard]] std::optional<allocation> allocate(size_class c, part_ref owner);
    void release(format::slot_address at);

    // What a device said at start, before the first allocate(): each slab that was given to a class
    // once, and those that cannot be read and are to be left alone, then each slot that is taken,
    // then finish_restore().
    void restore_slab(std::uint32_t slab, size_class c, std::uint64_t generation);
    void leave_alone(std::uint32_t slab);
    void restore_slot(format::slot_address at, part_ref owner);
    void finish_restore();

    [[nodiscard]] size_class class_of(std::uint32_t slab) const { return at(slab).size; }
    [[nodiscard]] std::uint64_t generation_of(std::uint32_t slab) const {
        return at(slab).generation;
    }
    [[nodiscard]] std::uint32_t used_in(std::uint32_t slab) const { return at(slab).used; }
    [[nodiscard]] std::uint32_t slabs() const { return static_cast<std::uint32_t>(slabs_.size()); }

    // The owners of a slab's taken slots, slot by slot; not for the class of 1 MiB.
    struct tenant {
        format::slot_address at;
        part_ref owner;
    };
    void tenants_of(std::uint32_t slab, std::vector<tenant>& into) const;

    // Free slots in slabs that serve other classes than `c`: what moving slabs between classes
    // could win.
    [[nodiscard]] bytes loose_for(size_class c) const;

    // The slab of another class with the fewest bytes in use that `refused` does not contain.
    [[nodiscard]] std::optional<std::uint32_t> emptiest_for(
        size_class c, const std::vector<std::uint32_t>& refused) const;

    [[nodiscard]] bytes slab_size() const { return slab_size_; }
    [[nodiscard]] bytes capacity() const { return slab_size_ * slabs_.size(); }
    [[nodiscard]] bytes used() const { return used_; }
    [[nodiscard]] std::uint64_t slots_used() const { return slots_used_; }

  private:
    struct slab {
        std::uint64_t generation = 0;
        std::uint32_t used = 0;
        std::uint32_t open_index = 0;  // place in open_[size], while it has a free slot
        size_class size;
        bool assigned = false;
        bool left_alone = false;
        std::vector<std::uint64_t> free;  // a bit per slot
        std::vector<part_ref> owners;
    };

    [[nodiscard]] const slab& at(std::uint32_t number) const;
    void occupy(format::slot_address at, part_ref owner);
    void open_slab(std::uint32_t number, size_class c, std::uint64_t generation);
    void close_slab(std::uint32_t number);
    void list_open(std::uint32_t number);
    void unlist_open(std::uint32_t number);

    bytes slab_size_;
    std::array<std::uint32_t, size_class::count> slots_per_slab_{};
    std::vector<slab> slabs_;
    std::vector<std::uint32_t> unassigned_;
    std::array<std::vector<std::uint32_t>, size_class::count> open_;
    std::array<bytes, size_class::count> loose_{};  // free slots of the class's slabs
    bytes used_;
    std::uint64_t slots_used_ = 0;
    std::uint64_t last_generation_ = 0;
    bool restoring_ = false;
};

}  // namespace lode::engine
