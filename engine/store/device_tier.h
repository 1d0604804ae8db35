// engine/store/device_tier.h
//
// Which chunks of a core's parts own which slots, and who gives way when none is free. Pure
// bookkeeping over the index: nothing here reads, writes or waits.
//
//   Core        One home core.
//   Invariants  A part is known to its shard's eviction policy exactly while it owns a slot. A slot
//               whose chunk is being read or written is not released, because its frame is pinned
//               and its part therefore busy.
//   Errors      place() says no when nothing may be evicted.
//   Limits      One place() evicts at most 512 parts and tries at most 4 slabs.
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
#include "engine/store/store_counters.h"

namespace lode::engine {

class device_tier {
  public:
    // `mine` says which of a device's shards belong to this core.
    using shard_filter = std::function<bool(std::uint32_t shard)>;

    device_tier(part_index& parts, memory_tier& frames, store_counters& count,
                const std::vector<format::geometry>& devices, const shard_filter& mine);

    [[nodiscard]] bool has_devices() const { return !devices_.empty(); }

    // Spreads parts by the devices' sizes.
    [[nodiscard]] std::uint8_t device_for(hash128 id) const;

    // Finds a slot for a chunk that has none, evicting others' chunks where it must.
    [[nodiscard]] std::optional<format::slot_address> place(part_ref ref, std::uint32_t chunk);

    // The slot of a chunk is free again. The caller says so in the chunk's record or frame.
    void release(part_ref ref, std::uint32_t chunk, format::slot_address at);

    void used(part_ref ref);

    [[nodiscard]] device_offset offset_of(part_ref ref, std::uint32_t chunk,
                                          format::slot_address at) const;

    // Evicts the part that is due next in one shard after the other. False when none may leave.
    bool evict_one();

  private:
    struct shard_space {
        shard_space(const format::geometry& g, std::uint32_t shard, part_index& parts)
            : slabs(g.slab_size, g.slabs_in_shard(shard)), order(parts) {}
        slab_space slabs;
        lru order;
    };
    struct device {
        format::geometry cut;
        std::vector<std::unique_ptr<shard_space>> shards;  // null: another core's
    };
    struct tenant {
        part_ref part;
        std::uint32_t chunk = 0;
    };

    [[nodiscard]] std::uint32_t shard_of(std::uint8_t device, hash128 id) const;
    [[nodiscard]] shard_space& space_of(std::uint8_t device, hash128 id) const;
    bool evict_part(shard_space& space, part_ref spared);
    bool reclaim_slab(shard_space& space, size_class wanted, part_ref spared);
    bool empty_slab(shard_space& space, std::uint32_t slab, part_ref spared);
    bool find_tenants(shard_space& space, std::uint32_t slab, part_ref spared);
    bool may_leave(part_ref ref, std::uint32_t chunk, part_ref spared);
    [[nodiscard]] std::optional<format::slot_address> slot_of(part& p, std::uint32_t chunk);
    void drop_slot(part_ref ref, std::uint32_t chunk);

    part_index& parts_;
    memory_tier& frames_;
    store_counters& count_;
    std::vector<device> devices_;
    std::vector<shard_space*> spaces_;  // all of them
    std::size_t next_space_ = 0;
    bytes total_size_;
    std::vector<slab_space::tenant> slab_tenants_;  // scratch
    std::vector<tenant> tenants_;                   // scratch
    std::vector<std::uint32_t> refused_;            // scratch
};

}  // namespace lode::engine
