#include "engine/store/device_tier.h"

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr int evictions_max = 512;
constexpr int busy_parts_passed_max = 64;
constexpr int slabs_tried_max = 4;
constexpr int parts_searched_max = 4096;

using where = chunk_location::kind;

}  // namespace

device_tier::device_tier(part_index& parts, memory_tier& frames, store_counters& count,
                         const std::vector<device_setup>& devices, const shard_filter& mine)
    : parts_(parts), frames_(frames), count_(count) {
    LODE_ASSERT(devices.size() < 256);
    for (const device_setup& given : devices) {
        device d{.cut = given.cut, .journal = given.journal, .open = true, .shards = {}};
        for (std::uint32_t shard = 0; shard < d.cut.shards; ++shard) {
            auto& space = d.shards.emplace_back();
            if (!mine(shard)) continue;
            space = std::make_unique<shard_space>(d.cut, shard, parts_);
            spaces_.push_back(space.get());
            count_.device_capacity.add(space->capacity().count());
        }
        devices_.push_back(std::move(d));
    }
}

bool device_tier::choose_device(part_ref ref) {
    if (devices_.empty()) return false;
    part& p = parts_.at(ref);
    if (p.on_device == 0) p.device = device_for(p.id);
    return is_open(p.device);
}

std::uint8_t device_tier::device_for(hash128 id) const {
    const auto size_of = [](const device& d) {
        return d.open ? d.cut.slab_size * d.cut.slabs : bytes(0);
    };
    bytes total;
    for (const device& d : devices_) total += size_of(d);
    // The id as a fraction of all bytes there are (Lemire's multiplication).
    __extension__ using wide = unsigned __int128;
    auto point = bytes(static_cast<std::uint64_t>((wide{id.low} * total.count()) >> 64U));
    std::uint8_t chosen = 0;
    for (; chosen + 1U < devices_.size(); ++chosen) {
        const bytes size = size_of(devices_[chosen]);
        if (point < size) break;
        point -= size;
    }
    return chosen;
}

std::optional<format::slot_address> device_tier::place(part_ref ref, std::uint32_t chunk) {
    part& p = parts_.at(ref);
    if (!is_open(p.device)) return std::nullopt;
    shard_space& space = space_of(p);
    const bytes length = chunk_length(p.length, chunk);
    const size_class c = size_class::holding(length);
    std::optional<format::slot_address> got = take_slot(ref, c);
    for (int evicted = 0; !got && evicted < evictions_max; ++evicted) {
        // Once the other classes hold a slab's worth of free slots, a slab changes sides; until
        // then it is the coldest part's turn, whose slots may be of the right class.
        const bool loose = space.slabs.loose_for(c) >= space.slabs.slab_size();
        const bool moved = (loose && reclaim_slab(space, c, ref)) || evict_part(space, ref) ||
                           (!loose && reclaim_slab(space, c, ref));
        if (!moved) return std::nullopt;
        got = take_slot(ref, c);
    }
    if (got) own_slot(p, ref, length, c);
    return got;
}

std::optional<format::slot_address> device_tier::take_slot(part_ref ref, size_class c) {
    const part& p = parts_.at(ref);
    slab_space& slabs = space_of(p).slabs;
    const auto got = slabs.allocate(c, ref);
    if (!got) return std::nullopt;
    slot_journal* journal = devices_[p.device].journal;
    if (got->first_of_slab && journal != nullptr) {
        journal->assigned(number_of(p, got->at.slab), c, slabs.generation_of(got->at.slab));
    }
    return got->at;
}

void device_tier::own_slot(part& p, part_ref ref, bytes length, size_class c) {
    if (p.on_device++ == 0) space_of(p).order.admit(ref);
    count_.device_used.add(c.size().count());
    count_.device_waste.add((c.size() - length).count());
    count_.chunks_disk.add();
}

void device_tier::written(part_ref ref, std::uint32_t chunk, format::slot_address at) {
    part& p = parts_.at(ref);
    slot_journal* journal = devices_[p.device].journal;
    if (journal == nullptr) return;
    shard_space& space = space_of(p);
    journal->written(number_of(p, at.slab), at.slot,
                     {.part = p.id,
                      .part_length = p.length,
                      .chunk = chunk,
                      .generation = space.slabs.generation_of(at.slab),
                      .sequence = ++space.last_sequence,
                      .checksum = p.chunk(chunk).checksum()});
}

void device_tier::release(part_ref ref, std::uint32_t chunk, format::slot_address at) {
    part& p = parts_.at(ref);
    shard_space& space = space_of(p);
    const bytes length = chunk_length(p.length, chunk);
    const size_class c = space.slabs.class_of(at.slab);
    LODE_ASSERT(c == size_class::holding(length) && p.on_device > 0);
    space.slabs.release(at);
    if (slot_journal* journal = devices_[p.device].journal) {
        journal->released(number_of(p, at.slab), at.slot);
    }
    if (--p.on_device == 0) space.order.remove(ref);
    count_.device_used.subtract(c.size().count());
    count_.device_waste.subtract((c.size() - length).count());
    count_.chunks_disk.subtract();
}

void device_tier::used(part_ref ref) {
    const part& p = parts_.at(ref);
    if (p.on_device > 0) space_of(p).order.used(ref);
}

device_offset device_tier::offset_of(part_ref ref, std::uint32_t chunk,
                                     format::slot_address at) const {
    const part& p = parts_.at(ref);
    const format::geometry& cut = devices_[p.device].cut;
    const size_class c = size_class::holding(chunk_length(p.length, chunk));
    return format::slot_begin(cut, format::shard_of(cut, p.id), c, at);
}

bool device_tier::evict_one() {
    for (std::size_t tried = 0; tried < spaces_.size(); ++tried) {
        shard_space& space = *spaces_[next_space_];
        next_space_ = (next_space_ + 1) % spaces_.size();
        if (evict_part(space, no_part)) return true;
    }
    return false;
}

device_tier::shard_space& device_tier::space_of(const part& p) const {
    const device& d = devices_[p.device];
    const auto& space = d.shards[format::shard_of(d.cut, p.id)];
    LODE_ASSERT(space != nullptr);
    return *space;
}

std::uint32_t device_tier::number_of(const part& p, std::uint32_t slab) const {
    const format::geometry& cut = devices_[p.device].cut;
    return format::number_of(cut, format::shard_of(cut, p.id), slab);
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
        if (slot_of(victim, n)) drop_slot(victim, n);
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
            LODE_ASSERT(slot_of(owner, last) == at);
            if (!may_leave(owner, last, spared)) return false;
            tenants_.push_back({.part = owner, .chunk = last});
        }
        return true;
    }
    // Slots of 1 MiB do not know their owners. The slab is likely to be as cold as it is empty, so
    // the search begins where the cold parts are.
    part_ref ref = space.order.first_victim();
    for (int searched = 0; ref != no_part && tenants_.size() < used;
         ref = space.order.victim_after(ref)) {
        if (++searched > parts_searched_max) return false;
        part& p = parts_.at(ref);
        for (std::uint32_t n = 0, seen = 0; n < p.chunks() && seen < p.on_device; ++n) {
            const auto at = slot_of(ref, n);
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

std::optional<format::slot_address> device_tier::slot_of(part_ref ref, std::uint32_t chunk) {
    const chunk_location at = parts_.at(ref).chunk(chunk).location;
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
    const auto slot = slot_of(ref, chunk);
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
