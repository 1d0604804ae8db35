// What a slab may hold when it is read back: a header and a table, torn or foreign or hostile.
// Whatever descriptors are believed fit the slab: its shard, its slots' size, its place on the device.
//
// The input is a header's block and descriptors behind it. Its first bytes choose the geometry, so
// that tables of every size and slabs of every shard are tried.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/base/assert.h"
#include "engine/store/part_key.h"
#include "engine/store/slab_table.h"

namespace {

using namespace lode;
using namespace lode::engine;

constexpr std::size_t block = format::block.count();
constexpr std::size_t entry = format::descriptor_size.count();
constexpr std::size_t header_checksum = 40;
constexpr std::size_t header_device = 24;
constexpr std::size_t descriptor_checksum = 56;

struct choices {
    std::uint8_t shards = 0;
    std::uint8_t slab_size = 0;
    std::uint8_t slab = 0;
    std::uint8_t mended = 0;  // which checksums are put right
};

format::superblock superblock_for(const choices& c) {
    const auto cut = format::choose_geometry(
        bytes(std::uint64_t{2} << 30U),
        {.shards = 1U << (c.shards % 7U),
         .slab_data = format::slab_data_min * (std::uint64_t{1} << (c.slab_size % 5U))});
    LODE_ASSERT(cut.has_value());
    return {.cut = *cut, .device = {.high = 1, .low = 2}, .node = {}};
}

void put(std::span<std::byte> into, std::size_t at, std::uint64_t value) {
    std::memcpy(into.subspan(at, sizeof value).data(), &value, sizeof value);
}

// Checksums would keep nearly every input out.
void mend_header(std::span<std::byte> header, const format::superblock& super, std::uint32_t slab) {
    std::memcpy(header.subspan(8).data(), &slab, sizeof slab);
    put(header, header_device, super.device.high);
    put(header, header_device + 8, super.device.low);
    put(header, header_checksum, xxh3_64(header.first(header_checksum)));
}

void mend_descriptor(std::span<std::byte> d, const format::superblock& super, std::uint32_t slab,
                     std::uint32_t slot) {
    std::array<std::byte, descriptor_checksum + 24> covered{};
    std::memcpy(covered.data(), d.data(), descriptor_checksum);
    put(covered, descriptor_checksum, super.device.high);
    put(covered, descriptor_checksum + 8, super.device.low);
    std::memcpy(covered.data() + descriptor_checksum + 16, &slab, sizeof slab);
    std::memcpy(covered.data() + descriptor_checksum + 20, &slot, sizeof slot);
    put(d, descriptor_checksum, xxh3_64(covered));
}

void check(const format::superblock& super, const format::slab_header& header, std::uint32_t slot,
           const format::descriptor& d) {
    const format::geometry& cut = super.cut;
    LODE_ASSERT(slot < format::slots_in_slab(cut.slab_size, header.size));
    LODE_ASSERT(d.generation == header.generation);
    LODE_ASSERT(d.chunk < chunk_count(d.part_length));
    const bytes length = chunk_length(d.part_length, d.chunk);
    LODE_ASSERT(length > bytes(0) && length <= header.size.size());
    const std::uint32_t shard = header.slab % cut.shards;
    LODE_ASSERT(format::shard_of(cut, d.part) == shard);
    const auto begin = format::slot_begin(cut, shard, header.size,
                                          {.slab = header.slab / cut.shards, .slot = slot});
    const auto slab_end = format::slab_begin(cut, shard, header.slab / cut.shards) + cut.slab_size;
    LODE_ASSERT(begin + round_up(length, format::block) <= slab_end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    choices chosen;
    if (size < sizeof chosen) return 0;
    std::memcpy(&chosen, data, sizeof chosen);
    const auto input = std::as_bytes(std::span(data, size)).subspan(sizeof chosen);

    const format::superblock super = superblock_for(chosen);
    const std::uint32_t slab = chosen.slab % super.cut.slabs;
    // The header's fields stand at its begin; the rest of its block need not come with every input.
    constexpr std::size_t header_fields = 48;
    std::array<std::byte, block> header_block{};
    std::memcpy(header_block.data(), input.data(), std::min(input.size(), header_fields));
    if ((chosen.mended & 1U) != 0) mend_header(header_block, super, slab);
    const auto header = format::decode_slab_header(header_block, super.device, slab);
    if (!header) return 0;
    LODE_ASSERT(header->slab == slab);

    std::vector<std::byte> table(format::table_size(super.cut.slab_size, header->size).count() +
                                 entry);
    const auto given = input.subspan(std::min(input.size(), header_fields));
    std::memcpy(table.data(), given.data(), std::min(given.size(), table.size()));
    const std::uint32_t first_slot = (chosen.mended & 4U) != 0 ? 64 : 0;
    for (std::uint32_t i = 0;
         (chosen.mended & 2U) != 0 && i < given.size() / entry && (i + 1) * entry <= table.size();
         ++i) {
        mend_descriptor(std::span(table).subspan(i * entry, entry), super, slab, first_slot + i);
    }

    std::uint64_t visited = 0;
    const auto seen =
        slab_table(super, *header)
            .read(table, first_slot, [&](std::uint32_t slot, const format::descriptor& d) {
                check(super, *header, slot, d);
                ++visited;
            });
    LODE_ASSERT(seen.valid == visited);
    LODE_ASSERT(seen.valid + seen.empty + seen.leftover + seen.damaged <=
                format::slots_in_slab(super.cut.slab_size, header->size));
    return 0;
}
