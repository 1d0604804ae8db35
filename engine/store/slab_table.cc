#include "engine/store/slab_table.h"

#include "engine/store/part_key.h"

namespace lode::engine {

void table_tally::add(const table_tally& other) {
    valid += other.valid;
    empty += other.empty;
    leftover += other.leftover;
    damaged += other.damaged;
}

std::optional<format::descriptor> slab_table::descriptor_at(format::const_descriptor_span from,
                                                            std::uint32_t slot,
                                                            table_tally& seen) const {
    const format::descriptor_place place{.device = super_.device, .slab = slab_.slab, .slot = slot};
    const auto d = format::decode_descriptor(from, place);
    if (!d) {
        ++(d.error().code == errc::not_found ? seen.empty : seen.damaged);
        return std::nullopt;
    }
    if (d->generation != slab_.generation) {
        ++seen.leftover;
        return std::nullopt;
    }
    if (!possible(*d)) {
        ++seen.damaged;
        return std::nullopt;
    }
    ++seen.valid;
    return *d;
}

// A checksum proves that these bytes were written there, not that whoever wrote them was right.
bool slab_table::possible(const format::descriptor& d) const {
    return format::shard_of(super_.cut, d.part) == slab_.slab % super_.cut.shards &&
           size_class::holding(chunk_length(d.part_length, d.chunk)) == slab_.size;
}

}  // namespace lode::engine
