#include "engine/store/format.h"

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>

#include "engine/store/part_key.h"

namespace lode::engine::format {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

constexpr std::uint64_t superblock_magic = 0x3145'4843'4544'4f4c;  // "LODECHE1"
constexpr std::uint64_t slab_magic = 0x3142'414c'5345'444f;        // "ODESLAB1"
constexpr std::size_t node_bytes_max = 255;

namespace at_superblock {
constexpr std::size_t magic = 0, version = 8, block_size = 12, device_size = 16, slab_size = 24,
                      slabs = 32, shards = 36, device = 40, formatted_at = 56, node_length = 64,
                      node = 68, checksum = 4088;
}
namespace at_slab {
constexpr std::size_t magic = 0, slab = 8, size = 12, generation = 16, device = 24, checksum = 40;
}
namespace at_descriptor {
constexpr std::size_t part = 0, part_length = 16, generation = 24, sequence = 32, data = 40,
                      chunk = 48, reserved = 52, checksum = 56;
}

template <std::unsigned_integral T>
void put(std::span<std::byte> into, std::size_t at, T value) {
    std::memcpy(into.subspan(at, sizeof value).data(), &value, sizeof value);
}

template <std::unsigned_integral T>
T get(std::span<const std::byte> from, std::size_t at) {
    T value{};
    std::memcpy(&value, from.subspan(at, sizeof value).data(), sizeof value);
    return value;
}

void put_hash(std::span<std::byte> into, std::size_t at, hash128 h) {
    put(into, at, h.high);
    put(into, at + 8, h.low);
}

hash128 get_hash(std::span<const std::byte> from, std::size_t at) {
    return {.high = get<std::uint64_t>(from, at), .low = get<std::uint64_t>(from, at + 8)};
}

std::uint64_t descriptor_checksum(const_descriptor_span d, const descriptor_place& place) {
    std::array<std::byte, at_descriptor::checksum + 24> covered;
    std::memcpy(covered.data(), d.data(), at_descriptor::checksum);
    put_hash(covered, at_descriptor::checksum, place.device);
    put(covered, at_descriptor::checksum + 16, place.slab);
    put(covered, at_descriptor::checksum + 20, place.slot);
    return xxh3_64(covered);
}

constexpr bool power_of_two_within(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
    return std::has_single_bit(value) && value >= low && value <= high;
}

std::uint32_t slabs_that_fit(bytes usable, bytes slab_size) {
    const std::uint64_t most = std::uint64_t{slabs_per_shard_max} * shards_max;
    return static_cast<std::uint32_t>(std::min(usable / slab_size, most));
}

}  // namespace

result<geometry> choose_geometry(bytes device_size, geometry_wishes wishes) {
    if (device_size < device_size_min) return fail(errc::invalid);
    const bytes usable = device_size - header_area;
    geometry g{.device_size = device_size, .slab_size = {}, .slabs = 0, .shards = wishes.shards};
    if (g.shards == 0) {
        g.shards = shards_max;
        while (g.shards > 1 && usable / g.shards < shard_size_min) g.shards /= 2;
    }
    bytes data = wishes.slab_data;
    if (data == bytes(0)) {
        data = slab_data_max;
        while (data > slab_data_min &&
               slabs_that_fit(usable, data + slab_overhead) < g.shards * slabs_per_shard_min) {
            data = data / 2;
        }
    }
    g.slab_size = data + slab_overhead;
    g.slabs = slabs_that_fit(usable, g.slab_size);
    g.slabs = std::min(g.slabs, g.shards * slabs_per_shard_max);
    if (!plausible(g)) return fail(errc::invalid);
    return g;
}

bool plausible(const geometry& g) {
    if (!power_of_two_within(g.shards, 1, shards_max)) return false;
    if (g.slab_size <= slab_overhead) return false;
    const bytes data = g.slab_size - slab_overhead;
    if (!power_of_two_within(data.count(), slab_data_min.count(), slab_data_max.count())) {
        return false;
    }
    if (g.slabs < g.shards || g.slabs > std::uint64_t{g.shards} * slabs_per_shard_max) return false;
    if (g.device_size < device_size_min) return false;
    return header_area + g.slab_size * g.slabs <= g.device_size;
}

std::uint32_t slots_in_slab(bytes slab_size, size_class c) {
    const bytes room = slab_size - block;
    std::uint64_t slots = room / (c.size() + descriptor_size);
    while (round_up(descriptor_size * slots, block) + c.size() * slots > room) --slots;
    return static_cast<std::uint32_t>(slots);
}

bytes table_size(bytes slab_size, size_class c) {
    return round_up(descriptor_size * slots_in_slab(slab_size, c), block);
}

device_offset slab_begin(const geometry& g, std::uint32_t of_device) {
    LODE_ASSERT(of_device < g.slabs);
    return device_offset(0) + header_area + g.slab_size * of_device;
}

device_offset slab_begin(const geometry& g, std::uint32_t shard, std::uint32_t slab) {
    LODE_ASSERT(shard < g.shards && slab < g.slabs_in_shard(shard));
    return slab_begin(g, number_of(g, shard, slab));
}

device_offset table_begin(const geometry& g, std::uint32_t of_device) {
    return slab_begin(g, of_device) + block;
}

device_offset slot_begin(const geometry& g, std::uint32_t of_device, size_class c,
                         std::uint32_t slot) {
    LODE_ASSERT(slot < slots_in_slab(g.slab_size, c));
    return table_begin(g, of_device) + table_size(g.slab_size, c) + c.size() * slot;
}

device_offset slot_begin(const geometry& g, std::uint32_t shard, size_class c, slot_address at) {
    LODE_ASSERT(shard < g.shards && at.slab < g.slabs_in_shard(shard));
    return slot_begin(g, number_of(g, shard, at.slab), c, at.slot);
}

void encode(const superblock& s, block_span into) {
    LODE_ASSERT(plausible(s.cut) && s.node.size() <= node_bytes_max);
    std::ranges::fill(into, std::byte{0});
    namespace at = at_superblock;
    put(into, at::magic, superblock_magic);
    put(into, at::version, version);
    put(into, at::block_size, static_cast<std::uint32_t>(block.count()));
    put(into, at::device_size, s.cut.device_size.count());
    put(into, at::slab_size, s.cut.slab_size.count());
    put(into, at::slabs, s.cut.slabs);
    put(into, at::shards, s.cut.shards);
    put_hash(into, at::device, s.device);
    put(into, at::formatted_at, s.formatted_at);
    put(into, at::node_length, static_cast<std::uint32_t>(s.node.size()));
    std::memcpy(into.subspan(at::node).data(), s.node.data(), s.node.size());
    put(into, at::checksum, xxh3_64(into.first(at::checksum)));
}

result<superblock> decode_superblock(const_block_span from) {
    namespace at = at_superblock;
    if (get<std::uint64_t>(from, at::magic) != superblock_magic) return fail(errc::not_found);
    if (get<std::uint64_t>(from, at::checksum) != xxh3_64(from.first(at::checksum))) {
        return fail(errc::corrupt);
    }
    if (get<std::uint32_t>(from, at::version) != version) return fail(errc::unavailable);
    superblock s{.cut = {.device_size = bytes(get<std::uint64_t>(from, at::device_size)),
                         .slab_size = bytes(get<std::uint64_t>(from, at::slab_size)),
                         .slabs = get<std::uint32_t>(from, at::slabs),
                         .shards = get<std::uint32_t>(from, at::shards)},
                 .device = get_hash(from, at::device),
                 .node = {},
                 .formatted_at = get<std::uint64_t>(from, at::formatted_at)};
    const auto node_length = get<std::uint32_t>(from, at::node_length);
    if (get<std::uint32_t>(from, at::block_size) != block.count() || !plausible(s.cut) ||
        node_length > node_bytes_max) {
        return fail(errc::corrupt);
    }
    const auto name = from.subspan(at::node, node_length);
    s.node.assign(reinterpret_cast<const char*>(name.data()), name.size());
    return s;
}

void encode(const slab_header& h, hash128 device, block_span into) {
    std::ranges::fill(into, std::byte{0});
    namespace at = at_slab;
    put(into, at::magic, slab_magic);
    put(into, at::slab, h.slab);
    put(into, at::size, static_cast<std::uint32_t>(h.size.index()));
    put(into, at::generation, h.generation);
    put_hash(into, at::device, device);
    put(into, at::checksum, xxh3_64(into.first(at::checksum)));
}

result<slab_header> decode_slab_header(const_block_span from, hash128 device, std::uint32_t slab) {
    namespace at = at_slab;
    if (std::ranges::all_of(from, [](std::byte b) { return b == std::byte{0}; })) {
        return fail(errc::not_found);
    }
    const auto size = get<std::uint32_t>(from, at::size);
    if (get<std::uint64_t>(from, at::magic) != slab_magic ||
        get<std::uint64_t>(from, at::checksum) != xxh3_64(from.first(at::checksum)) ||
        get<std::uint32_t>(from, at::slab) != slab || get_hash(from, at::device) != device ||
        size >= size_class::count) {
        return fail(errc::corrupt);
    }
    return slab_header{.slab = slab,
                       .size = size_class(static_cast<std::uint8_t>(size)),
                       .generation = get<std::uint64_t>(from, at::generation)};
}

void encode(const descriptor& d, const descriptor_place& place, descriptor_span into) {
    namespace at = at_descriptor;
    put_hash(into, at::part, d.part);
    put(into, at::part_length, d.part_length.count());
    put(into, at::generation, d.generation);
    put(into, at::sequence, d.sequence);
    put(into, at::data, d.checksum);
    put(into, at::chunk, d.chunk);
    put(into, at::reserved, std::uint32_t{0});
    put(into, at::checksum, descriptor_checksum(into, place));
}

result<descriptor> decode_descriptor(const_descriptor_span from, const descriptor_place& place) {
    namespace at = at_descriptor;
    if (std::ranges::all_of(from, [](std::byte b) { return b == std::byte{0}; })) {
        return fail(errc::not_found);
    }
    if (get<std::uint64_t>(from, at::checksum) != descriptor_checksum(from, place)) {
        return fail(errc::corrupt);
    }
    const descriptor d{.part = get_hash(from, at::part),
                       .part_length = bytes(get<std::uint64_t>(from, at::part_length)),
                       .chunk = get<std::uint32_t>(from, at::chunk),
                       .generation = get<std::uint64_t>(from, at::generation),
                       .sequence = get<std::uint64_t>(from, at::sequence),
                       .checksum = get<std::uint64_t>(from, at::data)};
    if (d.part_length == bytes(0) || d.part_length > part_length_max ||
        d.chunk >= chunk_count(d.part_length)) {
        return fail(errc::corrupt);
    }
    return d;
}

}  // namespace lode::engine::format
