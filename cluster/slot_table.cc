#include "cluster/slot_table.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/hash.h"

namespace lode::cluster {
namespace {

// 64 bits, as ranges come from other nodes and may end beyond what 32 bits can count.
std::uint64_t end_of(const slot_range& range) {
    return std::min<std::uint64_t>(std::uint64_t{range.first} + range.count, slots_max);
}

}  // namespace

slot_table::slot_table(std::span<const member> by_name, std::string_view zone) {
    LODE_ASSERT(by_name.size() <= members_max);
    std::uint64_t size = 0;
    for (const member& m : by_name) {
        if (m.zone != zone) continue;
        for (const slot_range& range : m.slots) {
            if (range.count > 0 && range.first < slots_max) size = std::max(size, end_of(range));
        }
    }
    owners_.assign(size, vacant);

    for (std::size_t n = 0; n < by_name.size(); ++n) {
        const member& m = by_name[n];
        if (m.zone != zone) continue;
        std::uint32_t got = 0;
        for (const slot_range& range : m.slots) {
            for (std::uint64_t slot = range.first; slot < end_of(range); ++slot) {
                if (owners_[slot] != vacant) continue;
                owners_[slot] = static_cast<std::uint16_t>(n);
                ++got;
            }
        }
        if (got == 0) continue;
        occupied_ += got;
        const member_index who(static_cast<std::uint16_t>(n));
        holders_.push_back({.who = who, .key = xxh3_64(std::as_bytes(std::span(m.name)))});
    }
}

}  // namespace lode::cluster
