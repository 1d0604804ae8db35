// engine/store/device_tier.h
//
// Which chunks of a core's parts own which slots, and who gives way when none is free. Pure
// bookkeeping over the index: nothing here reads, writes or waits.
//
//   Core        One home core.
//   Invariants  A part is known to its shard's eviction policy exactly while it owns a slot. A slot
//               whose chunk is being read or written is not evicted, because its frame is pinned
//               and its part therefore busy.
//   Errors      place() says no when nothing may be evicted, or the device is closed.
//   Limits      One place() evicts at most 512 parts, tries at most 4 slabs, and looks for the
//               tenants of each among the 4,096 coldest parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/hash.h"
#include "engine/store/eviction.h"
#include "engine/store/format.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_index.h"
#include "engine/store/slab_space.h"
#include "engine/store/slot_journal.h"
#include "engine/store/store_counters.h"

namespace lode::engine {

class device_tier {
  public:
    // `mine` says which of a device's shards belong to this core.
    using shard_filter = std::function<bool(std::uint32_t shard)>;

    struct device_setup {
        format::geometry cut;
        slot_journal* journal = nullptr;  // null: nobody listens
    };

    device_tier(part_index& parts, memory_tier& frames, store_counters& count,
                const std::vector<device_setup>& devices, const shard_filter& mine);

    // Sees to it that the part's device is open, unless some of the part is already on another one.
    // Parts are spread by the devices' sizes. False when no open device can take the part.
    bool choose_device(part_ref ref);

    // Finds a slot for a chunk that has none, evicting others' chunks where it must.
    [[nodiscard]] std::optional<format::slot_address> place(part_ref ref, std::uint32_t chunk);

    // The chunk's bytes are in its slot.
    void written(part_ref ref, std::uint32_t chunk, format::slot_address at);

    // The slot of a chunk is free again. The caller says so in the chunk's record or frame.
    void release(part_ref ref, std::uint32_t chunk, format::slot_address at);

    [[nodiscard]] std::optional<format::slot_address> slot_of(part_ref ref, std::uint32_t chunk);

    void used(part_ref ref);

    [[nodiscard]] device_offset offset_of(part_ref ref, std::uint32_t chunk,
                                          format::slot_address at) const;

    // Evicts the part that is due next in one shard after the other. False when none may leave.
    bool evict_one();

    // A closed device takes no chunk. What it holds stays known until it is forgotten part by part.
    void close(std::uint8_t device);
    [[nodiscard]] bool is_open(std::uint8_t device) const { return devices_[device].open; }
    // A part that owns slots of the device; no_part when there is none.
    [[nodiscard]] part_ref any_part_on(std::uint8_t device) const;
    // Closed, and nothing on it: as new, to be restored and opened.
    void reset(std::uint8_t device);
    void open(std::uint8_t device);

    // What a device's tables say, shard by shard: its slabs, then its chunks in the order in which
    // they were written, then finish_restore().
    [[nodiscard]] std::vector<std::uint32_t> shards_of(std::uint8_t device) const;
    void restore_slab(std::uint8_t device, std::uint32_t shard, std::uint32_t slab, size_class c,
                      std::uint64_t generation);
    void leave_slab_alone(std::uint8_t device, std::uint32_t shard, std::uint32_t slab);
    // The chunk is absent, and its part on no other device.
    void restore_slot(part_ref ref, std::uint32_t chunk, format::slot_address at);
    void finish_restore(std::uint8_t device, std::uint32_t shard, std::uint64_t last_sequence);
    // Makes room in the index for what was written later. False when nobody may leave.
    bool evict_from(std::uint8_t device, std::uint32_t shard);

  private:
    struct shard_space {
        shard_space(const format::geometry& g, std::uint32_t shard, part_index& parts)
            : slabs(g.slab_size, g.slabs_in_shard(shard)), order(parts) {}
        [[nodiscard]] bytes capacity() const { return slabs.capacity(); }
        slab_space slabs;
        lru order;
        std::uint64_t last_sequence = 0;
    };
    struct device {
        format::geometry cut;
        slot_journal* journal = nullptr;
        bool open = true;
        std::vector<std::unique_ptr<shard_space>> shards;  // null: another core's
    };
    struct tenant {
        part_ref part;
        std::uint32_t chunk = 0;
    };

    [[nodiscard]] std::uint8_t device_for(hash128 id) const;
    [[nodiscard]] shard_space& space_of(const part& p) const;
    [[nodiscard]] std::optional<format::slot_address> take_slot(part_ref ref, size_class c);
    void own_slot(part& p, part_ref ref, bytes length, size_class c);
    [[nodiscard]] std::uint32_t number_of(const part& p, std::uint32_t slab) const;
    bool evict_part(shard_space& space, part_ref spared);
    bool reclaim_slab(shard_space& space, size_class wanted, part_ref spared);
    bool empty_slab(shard_space& space, std::uint32_t slab, part_ref spared);
    bool find_tenants(shard_space& space, std::uint32_t slab, part_ref spared);
    bool may_leave(part_ref ref, std::uint32_t chunk, part_ref spared);
    void drop_slot(part_ref ref, std::uint32_t chunk);

    part_index& parts_;
    memory_tier& frames_;
    store_counters& count_;
    std::vector<device> devices_;
    std::vector<shard_space*> spaces_;  // all of them
    std::size_t next_space_ = 0;
    std::vector<slab_space::tenant> slab_tenants_;  // scratch
    std::vector<tenant> tenants_;                   // scratch
    std::vector<std::uint32_t> refused_;            // scratch
};

}  // namespace lode::engine
