// Devices that go out of service and come back, and what their tables say at start.
#include <algorithm>

#include "engine/base/assert.h"
#include "engine/store/device_tier.h"

namespace lode::engine {

void device_tier::close(std::uint8_t device) {
    auto& d = devices_[device];
    if (!d.open) return;
    d.open = false;
    for (const auto& space : d.shards) {
        if (space) count_.device_capacity.subtract(space->capacity().count());
    }
}

part_ref device_tier::any_part_on(std::uint8_t device) const {
    for (const auto& space : devices_[device].shards) {
        if (space == nullptr) continue;
        if (const part_ref first = space->order.first_victim(); first != no_part) return first;
    }
    return no_part;
}

void device_tier::reset(std::uint8_t device) {
    auto& d = devices_[device];
    LODE_ASSERT(!d.open && any_part_on(device) == no_part);
    for (std::uint32_t shard = 0; shard < d.cut.shards; ++shard) {
        auto& space = d.shards[shard];
        if (space) space->slabs = slab_space(d.cut.slab_size, d.cut.slabs_in_shard(shard));
    }
}

void device_tier::open(std::uint8_t device) {
    auto& d = devices_[device];
    if (d.open) return;
    d.open = true;
    for (const auto& space : d.shards) {
        if (space) count_.device_capacity.add(space->capacity().count());
    }
}

std::vector<std::uint32_t> device_tier::shards_of(std::uint8_t device) const {
    std::vector<std::uint32_t> mine;
    for (std::uint32_t shard = 0; shard < devices_[device].cut.shards; ++shard) {
        if (devices_[device].shards[shard] != nullptr) mine.push_back(shard);
    }
    return mine;
}

void device_tier::restore_slab(std::uint8_t device, std::uint32_t shard, std::uint32_t slab,
                               size_class c, std::uint64_t generation) {
    devices_[device].shards[shard]->slabs.restore_slab(slab, c, generation);
}

void device_tier::leave_slab_alone(std::uint8_t device, std::uint32_t shard, std::uint32_t slab) {
    devices_[device].shards[shard]->slabs.leave_alone(slab);
}

void device_tier::restore_slot(part_ref ref, std::uint32_t chunk, format::slot_address at) {
    part& p = parts_.at(ref);
    chunk_record& record = p.chunk(chunk);
    LODE_ASSERT(record.location == chunk_location());
    const bytes length = chunk_length(p.length, chunk);
    const size_class c = size_class::holding(length);
    shard_space& space = space_of(p);
    LODE_ASSERT(space.slabs.class_of(at.slab) == c);
    space.slabs.restore_slot(at, ref);
    own_slot(p, ref, length, c);
    space.order.used(ref);
    record.location = chunk_location::of(at, chunk_location::proof::found);
    ++p.held;
}

void device_tier::finish_restore(std::uint8_t device, std::uint32_t shard,
                                 std::uint64_t last_sequence) {
    shard_space& space = *devices_[device].shards[shard];
    space.slabs.finish_restore();
    space.last_sequence = std::max(space.last_sequence, last_sequence);
}

bool device_tier::evict_from(std::uint8_t device, std::uint32_t shard) {
    return evict_part(*devices_[device].shards[shard], no_part);
}

}  // namespace lode::engine
