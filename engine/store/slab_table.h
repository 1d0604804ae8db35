// engine/store/slab_table.h
//
// What a slab's table says about its slots, after everything that cannot be true was left out. Pure:
// recovery and inspection read the blocks, each in its own way.
//
//   Errors  None: a descriptor that is damaged, of another generation, or impossible in its slab is
//           counted and left out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/store/format.h"

namespace lode::engine {

// What became of the descriptors that were looked at.
struct table_tally {
    std::uint64_t valid = 0;
    std::uint64_t empty = 0;
    std::uint64_t leftover = 0;  // of an earlier use of the slab
    std::uint64_t damaged = 0;   // wrong checksum, or not possible here

    void add(const table_tally& other);

    friend bool operator==(const table_tally&, const table_tally&) = default;
};

class slab_table {
  public:
    slab_table(const format::superblock& of, const format::slab_header& slab)
        : super_(of), slab_(slab) {}

    // Calls visit(slot, descriptor) for each slot whose descriptor holds. `blocks` are whole blocks
    // of the table, the first of which describes slot `first_slot`; what they hold beyond the last
    // slot is ignored.
    template <class Visit>
    table_tally read(std::span<const std::byte> blocks, std::uint32_t first_slot,
                     Visit visit) const {
        table_tally seen;
        const std::uint32_t slots = format::slots_in_slab(super_.cut.slab_size, slab_.size);
        constexpr std::size_t step = format::descriptor_size.count();
        for (std::uint32_t slot = first_slot; slot < slots && blocks.size() >= step; ++slot) {
            if (auto d = descriptor_at(blocks.first<step>(), slot, seen)) visit(slot, *d);
            blocks = blocks.subspan(step);
        }
        return seen;
    }

  private:
    [[nodiscard]] std::optional<format::descriptor> descriptor_at(
        format::const_descriptor_span from, std::uint32_t slot, table_tally& seen) const;
    [[nodiscard]] bool possible(const format::descriptor& d) const;

    const format::superblock& super_;
    format::slab_header slab_;
};

}  // namespace lode::engine
