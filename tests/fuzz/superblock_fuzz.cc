// What a device may hold when it is opened: superblocks, slab headers and descriptors, torn or
// foreign or hostile. Whatever is accepted must be within the limits, and must come back the same
// when it is written again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/base/assert.h"
#include "engine/store/format.h"
#include "engine/store/part_key.h"

namespace {

using namespace lode;
using namespace lode::engine;

constexpr std::size_t block = format::block.count();
constexpr std::size_t entry = format::descriptor_size.count();

// Checksums would keep nearly every input out, so each is tried as it is and with its checksum put
// right.
std::array<std::byte, block> padded(std::span<const std::byte> input) {
    std::array<std::byte, block> data{};
    std::memcpy(data.data(), input.data(), std::min(input.size(), data.size()));
    return data;
}

void put_checksum(std::array<std::byte, block>& data, std::size_t at) {
    const std::uint64_t sum = xxh3_64(std::span(data).first(at));
    std::memcpy(data.data() + at, &sum, sizeof sum);
}

void try_superblock(const std::array<std::byte, block>& data) {
    const auto read = format::decode_superblock(data);
    if (!read) return;
    LODE_ASSERT(format::plausible(read->cut));
    for (std::uint8_t c = 0; c < size_class::count; ++c) {
        const std::uint32_t slots = format::slots_in_slab(read->cut.slab_size, size_class(c));
        LODE_ASSERT(slots > 0 && slots <= 1U << format::slot_bits);
    }
    const std::uint32_t last_shard = read->cut.shards - 1;
    const auto begin =
        format::slab_begin(read->cut, last_shard, read->cut.slabs_in_shard(last_shard) - 1);
    LODE_ASSERT(begin + read->cut.slab_size <= device_offset(read->cut.device_size.count()));
    std::array<std::byte, block> again{};
    encode(*read, again);
    const auto reread = format::decode_superblock(again);
    LODE_ASSERT(reread && reread->cut == read->cut && reread->node == read->node);
}

void try_slab_header(const std::array<std::byte, block>& data) {
    const auto read = format::decode_slab_header(data, {}, 0);
    LODE_ASSERT(!read || read->slab == 0);
}

void try_descriptor(std::span<const std::byte, entry> data) {
    const auto read = format::decode_descriptor(data, {});
    if (!read) return;
    LODE_ASSERT(read->chunk < chunk_count(read->part_length));
    LODE_ASSERT(chunk_length(read->part_length, read->chunk) <= chunk_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = padded(std::as_bytes(std::span(data, size)));
    try_superblock(input);
    try_slab_header(input);
    try_descriptor(std::span(input).first<entry>());
    put_checksum(input, 4088);
    try_superblock(input);
    put_checksum(input, 40);
    try_slab_header(input);
    return 0;
}
