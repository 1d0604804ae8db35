#include "engine/store/device_tier.h"

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr int evictions_max = 512;
constexpr int busy_parts_passed_max = 64;
constexpr int slabs_tried_max = 4;

using where = chunk_location::kind;

}  // namespace

device_tier::device_tier(part_index& parts, memory_tier& frames, store_counters& count,
                         const std::vector<format::geometry>& devices, const shard_filter& mine)
    : parts_(parts), frames_(frames), count_(count) {
    LODE_ASSERT(devices.size() < 256);
    bytes capacity;
    for (const format::geometry& g : devices) {
        device d{.cut = g, .shards = {}};
        for (std::uint32_t shard = 0; shard < g.shards; ++shard) {
            auto& space = d.shards.emplace_back();
            if (!mine(shard)) continue;
            space = std::make_unique<shard_space>(g, shard, parts_);
            spaces_.push_back(space.get());
            capacity += space->slabs.capacity();
        }
        total_size_ += g.slab_size * g.slabs;
        devices_.push_back(std::move(d));
    }
    count_.device_capacity.set(capacity.count());
}

std::uint8_t device_tier::device_for(hash128 id) const {
    if (devices_.size() < 2) return 0;
    // The id as a fraction of all bytes there are (Lemire's multiplication).
    __extension__ using wide = unsigned __int128;
    auto point = bytes(static_cast<std::uint64_t>((wide{id.low} * total_size_.count()) >> 64U));
    std::uint8_t chosen = 0;
    for (; chosen + 1U < devices_.size(); ++chosen) {
        const bytes size = devices_[chosen].cut.slab_size * devices_[chosen].cut.slabs;
        if (point < size) break;
        point -= size;
    }
    return chosen;
}

std::optional<format::slot_address> device_tier::place(part_ref ref, std::uint32_t chunk) {
    part& p = parts_.at(ref);
    shard_space& space = space_of(p.device, p.id);
    const bytes length = chunk_length(p.length, chunk);
    const size_class c = size_class::holding(length);
    std::optional<format::slot_address> got = space.slabs.allocate(c, ref);
    for (int evicted = 0; !got && evicted < evictions_max; ++evicted) {
        // Once the other classes hold a slab's worth of free slots, a slab changes sides; until
        // then it is the coldest part's turn, whose slots may be of the right class.
        const bool loose = space.slabs.loose_for(c) >= space.slabs.slab_size();
        const bool moved = (loose && reclaim_slab(space, c, ref)) || evict_part(space, ref) ||
                           (!loose && reclaim_slab(space, c, ref));
        if (!moved) return std::nullopt;
        got = space.slabs.allocate(c, ref);
    }
    if (!got) return std::nullopt;
    if (p.on_device++ == 0) space.order.admit(ref);
    count_.device_used.add(c.size().count());
    count_.device_waste.add((c.size() - length).count());
    count_.chunks_disk.add();
    return got;
}

void device_tier::release(part_ref ref, std::uint32_t chunk, format::slot_address at) {
    part& p = parts_.at(ref);
    shard_space& space = space_of(p.device, p.id);
    const bytes length = chunk_length(p.length, chunk);
    const size_class c = space.slabs.class_of(at.slab);
    LODE_ASSERT(c == size_class::holding(length) && p.on_device > 0);
    space.slabs.release(at);
    if (--p.on_device == 0) space.order.remove(ref);
    count_.device_used.subtract(c.size().count());
    count_.device_waste.subtract((c.size() - length).count());
    count_.chunks_disk.subtract();
}

void device_tier::used(part_ref ref) {
    const part& p = parts_.at(ref);
    if (p.on_device > 0) space_of(p.device, p.id).order.used(ref);
}

device_offset device_tier::offset_of(part_ref ref, std::uint32_t chunk,
                                     format::slot_address at) const {
    const part& p = parts_.at(ref);
    const size_class c = size_class::holding(chunk_length(p.length, chunk));
    return format::slot_begin(devices_[p.device].cut, shard_of(p.device, p.id), c, at);
}

bool device_tier::evict_one() {
    for (std::size_t tried = 0; tried < spaces_.size(); ++tried) {
        shard_space& space = *spaces_[next_space_];
        next_space_ = (next_space_ + 1) % spaces_.size();
        if (evict_part(space, no_part)) return true;
    }
    return false;
}

std::uint32_t device_tier::shard_of(std::uint8_t device, hash128 id) const {
    return static_cast<std::uint32_t>(id.high) & (devices_[device].cut.shards - 1);
}

device_tier::shard_space& device_tier::space_of(std::uint8_t device, hash128 id) const {
    const auto& space = devices_[device].shards[shard_of(device, id)];
    LODE_ASSERT(space != nullptr);
    return *space;
}

bool device_tier::evict_part(shard_space& space, part_ref spared) {
    part_ref victim = space.order.first_victim();
    for (int passed = 0; victim != no_part; victim = space.order.victim_after(victim)) {
        if (victim != spared && parts_.at(victim).busy == 0) break;
        if (++passed == busy_parts_passed_max) return false;
    }
    if (victim == no_part) return false;
    part& p = parts_.at(victim);
    count_.evicted_disk_parts.add();
    for (std::uint32_t n = 0; p.on_device > 0; ++n) {
        if (slot_of(p, n)) drop_slot(victim, n);
    }
    parts_.erase_if_empty(victim);
    return true;
}

bool device_tier::reclaim_slab(shard_space& space, size_class wanted, part_ref spared) {
    refused_.clear();
    for (int tried = 0; tried < slabs_tried_max; ++tried) {
        const auto slab = space.slabs.emptiest_for(wanted, refused_);
        if (!slab) return false;
        if (empty_slab(space, *slab, spared)) return true;
        refused_.push_back(*slab);
    }
    return false;
}

// All tenants leave, or none.
bool device_tier::empty_slab(shard_space& space, std::uint32_t slab, part_ref spared) {
    if (!find_tenants(space, slab, spared)) return false;
    LODE_ASSERT(tenants_.size() == space.slabs.used_in(slab));
    for (const tenant& t : tenants_) {
        drop_slot(t.part, t.chunk);
        parts_.erase_if_empty(t.part);
    }
    LODE_ASSERT(space.slabs.used_in(slab) == 0);
    count_.slabs_reclaimed.add();
    return true;
}

// False when one of them may not leave.
bool device_tier::find_tenants(shard_space& space, std::uint32_t slab, part_ref spared) {
    tenants_.clear();
    const std::uint32_t used = space.slabs.used_in(slab);
    if (space.slabs.class_of(slab).size() < chunk_size) {
        // Only the last chunk of a part is shorter than 1 MiB.
        slab_tenants_.clear();
        space.slabs.tenants_of(slab, slab_tenants_);
        for (const auto& [at, owner] : slab_tenants_) {
            part& p = parts_.at(owner);
            const std::uint32_t last = p.chunks() - 1;
            LODE_ASSERT(slot_of(p, last) == at);
            if (!may_leave(owner, last, spared)) return false;
            tenants_.push_back({.part = owner, .chunk = last});
        }
        return true;
    }
    // Slots of 1 MiB do not know their owners. The slab is likely to be as cold as it is empty, so
    // the search begins where the cold parts are.
    for (part_ref ref = space.order.first_victim(); ref != no_part && tenants_.size() < used;
         ref = space.order.victim_after(ref)) {
        part& p = parts_.at(ref);
        for (std::uint32_t n = 0, seen = 0; n < p.chunks() && seen < p.on_device; ++n) {
            const auto at = slot_of(p, n);
            if (!at) continue;
            ++seen;
            if (at->slab != slab) continue;
            if (!may_leave(ref, n, spared)) return false;
            tenants_.push_back({.part = ref, .chunk = n});
        }
    }
    return true;
}

bool device_tier::may_leave(part_ref ref, std::uint32_t chunk, part_ref spared) {
    if (ref == spared) return false;
    const chunk_location at = parts_.at(ref).chunk(chunk).location;
    return at.what() != where::frame || frames_.at(at.frame()).pins == 0;
}

std::optional<format::slot_address> device_tier::slot_of(part& p, std::uint32_t chunk) {
    const chunk_location at = p.chunk(chunk).location;
    switch (at.what()) {
        case where::slot: return at.slot();
        case where::frame: return frames_.at(at.frame()).slot;
        case where::absent:
        case where::filling: return std::nullopt;
    }
    return std::nullopt;
}

// A chunk loses its place on the device; what is also in memory stays there.
void device_tier::drop_slot(part_ref ref, std::uint32_t chunk) {
    part& p = parts_.at(ref);
    chunk_record& record = p.chunk(chunk);
    const auto slot = slot_of(p, chunk);
    LODE_ASSERT(slot.has_value());
    count_.evicted_disk_chunks.add();
    count_.evicted_disk_bytes.add(chunk_length(p.length, chunk).count());
    release(ref, chunk, *slot);
    if (record.location.what() == where::frame) {
        resident& r = frames_.at(record.location.frame());
        LODE_ASSERT(r.pins == 0);
        r.slot.reset();
    } else {
        record.location = {};
        --p.held;
    }
}

}  // namespace lode::engine
