// engine/store/format.h
//
// What a cache device looks like: every byte offset and every encoding, and nothing else. README.md
// says the same in prose and tables.
//
//   Memory   None; encoders write into the caller's block.
//   Errors   corrupt: a checksum or a magic number does not match. unavailable: a newer format.
//   Limits   Slabs of 1 to 16 MiB of data; at most 64 shards; at most 2^18 slabs per shard.
//   On disk  Little endian. Offsets of everything that is transferred are multiples of 4 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/size_class.h"
#include "engine/base/units.h"

namespace lode::engine::format {

inline constexpr std::uint32_t version = 1;
inline constexpr bytes block{4096};  // the unit of transfer

// The superblock is one block, kept twice in the first MiB; the slabs follow.
inline constexpr device_offset first_superblock{0};
inline constexpr device_offset second_superblock{std::uint64_t{64} << 10U};
inline constexpr bytes header_area{std::uint64_t{1} << 20U};
inline constexpr bytes device_size_min{std::uint64_t{16} << 20U};

inline constexpr bytes slab_data_min{std::uint64_t{1} << 20U};
inline constexpr bytes slab_data_max{std::uint64_t{16} << 20U};
inline constexpr std::uint32_t shards_max = 64;
inline constexpr bytes shard_size_min{std::uint64_t{512} << 20U};
inline constexpr std::uint32_t slabs_per_shard_min = 32;

// A slab: one block of header, its descriptors, its slots. The header and a table of up to 64
// descriptors come on top of a power of two, so that 1 MiB slots waste nothing.
inline constexpr bytes slab_overhead = block * 2;
inline constexpr bytes descriptor_size{64};
inline constexpr std::uint32_t descriptors_per_block =
    static_cast<std::uint32_t>(block / descriptor_size);

// How a device is cut. Chosen when it is formatted, then fixed.
struct geometry {
    bytes device_size;
    bytes slab_size;  // with its header and table
    std::uint32_t slabs = 0;
    std::uint32_t shards = 0;  // a power of two; slab i belongs to shard i % shards

    [[nodiscard]] std::uint32_t slabs_in_shard(std::uint32_t shard) const {
        return slabs / shards + (shard < slabs % shards ? 1 : 0);
    }

    friend bool operator==(const geometry&, const geometry&) = default;
};

struct geometry_wishes {
    std::uint32_t shards = 0;  // 0: as many as leave each 512 MiB
    bytes slab_data;           // 0: as large as leaves each shard 32 slabs
};

// invalid: too small a device, or wishes that are no powers of two within the limits.
[[nodiscard]] result<geometry> choose_geometry(bytes device_size, geometry_wishes wishes);

// Data from a disk: whether slabs, sizes and shards fit each other and the limits.
[[nodiscard]] bool plausible(const geometry& g);

[[nodiscard]] std::uint32_t slots_in_slab(bytes slab_size, size_class c);

// A slot, as its shard names it.
struct slot_address {
    std::uint32_t slab = 0;  // within the shard; below 2^18
    std::uint32_t slot = 0;  // within the slab; below 2^12

    friend bool operator==(const slot_address&, const slot_address&) = default;
};

inline constexpr unsigned slot_bits = 12;
inline constexpr std::uint32_t slabs_per_shard_max = std::uint32_t{1} << 18U;

// Which shard of a device a part belongs to.
[[nodiscard]] constexpr std::uint32_t shard_of(const geometry& g, hash128 part) {
    return static_cast<std::uint32_t>(part.high) & (g.shards - 1);
}
// The number on the device of a slab of a shard.
[[nodiscard]] constexpr std::uint32_t number_of(const geometry& g, std::uint32_t shard,
                                                std::uint32_t slab) {
    return slab * g.shards + shard;
}
// The length of a slab's table, in whole blocks.
[[nodiscard]] bytes table_size(bytes slab_size, size_class c);

// A slab by its number on the device, or by its shard and its number there.
[[nodiscard]] device_offset slab_begin(const geometry& g, std::uint32_t of_device);
[[nodiscard]] device_offset slab_begin(const geometry& g, std::uint32_t shard, std::uint32_t slab);
[[nodiscard]] device_offset table_begin(const geometry& g, std::uint32_t of_device);
[[nodiscard]] device_offset slot_begin(const geometry& g, std::uint32_t of_device, size_class c,
                                       std::uint32_t slot);
[[nodiscard]] device_offset slot_begin(const geometry& g, std::uint32_t shard, size_class c,
                                       slot_address at);

struct superblock {
    geometry cut;
    hash128 device;                  // made up when the device was formatted
    std::string node;                // whose cache it is; at most 255 bytes
    std::uint64_t formatted_at = 0;  // seconds since 1970
};

using block_span = std::span<std::byte, block.count()>;
using const_block_span = std::span<const std::byte, block.count()>;

void encode(const superblock& s, block_span into);
[[nodiscard]] result<superblock> decode_superblock(const_block_span from);

// The state of one slab. `generation` grows whenever the slab is given to a class; descriptors of
// another generation are leftovers.
struct slab_header {
    std::uint32_t slab = 0;  // of the device
    size_class size;
    std::uint64_t generation = 0;
};

void encode(const slab_header& h, hash128 device, block_span into);
[[nodiscard]] result<slab_header> decode_slab_header(const_block_span from, hash128 device,
                                                     std::uint32_t slab);

// Who lives in a slot. Its checksum covers the place too, so that a table that was written
// elsewhere is refused.
struct descriptor {
    hash128 part;
    bytes part_length;
    std::uint32_t chunk = 0;
    std::uint64_t generation = 0;
    std::uint64_t sequence = 0;  // of writes on this device; orders descriptors in time
    std::uint64_t checksum = 0;  // XXH3 of the chunk's bytes
};

struct descriptor_place {
    hash128 device;
    std::uint32_t slab = 0;  // of the device
    std::uint32_t slot = 0;
};

using descriptor_span = std::span<std::byte, descriptor_size.count()>;
using const_descriptor_span = std::span<const std::byte, descriptor_size.count()>;

void encode(const descriptor& d, const descriptor_place& place, descriptor_span into);
// not_found: an empty place (all zero).
[[nodiscard]] result<descriptor> decode_descriptor(const_descriptor_span from,
                                                   const descriptor_place& place);

}  // namespace lode::engine::format
