#include "engine/store/recovery.h"

#include <algorithm>

#include "engine/base/aligned_memory.h"
#include "engine/base/assert.h"
#include "engine/runtime/scope.h"

namespace lode::engine {
namespace {

constexpr bytes buffer_size{std::uint64_t{64} << 10U};
constexpr std::size_t readers = 16;
constexpr std::size_t restored_between_yields = 1024;
constexpr int evictions_for_part_max = 64;
// The header and the first block of the table.
constexpr bytes first_read = format::block * 2;

}  // namespace

void recovered::add(const recovered& other) {
    parts += other.parts;
    chunks += other.chunks;
    damaged += other.damaged;
    unread += other.unread;
    left_out += other.left_out;
}

task<recovered> recovery::run() {
    for (const std::uint32_t shard : slots_.shards_of(of_.device)) {
        co_await read_shard(shard);
        co_await restore_shard(shard);
    }
    co_return sum_;
}

task<void> recovery::read_shard(std::uint32_t shard) {
    next_slab_ = 0;
    chunks_.clear();
    slabs_.clear();
    unread_.clear();
    const aligned_memory memory(buffer_size * readers);
    scope reading;
    for (std::size_t i = 0; i < readers; ++i) {
        reading.spawn(
            read_slabs(shard, memory.span().subspan(i * buffer_size.count(), buffer_size.count())));
    }
    co_await reading.close();
}

task<void> recovery::read_slabs(std::uint32_t shard, std::span<std::byte> buffer) {
    while (next_slab_ < of_.super.cut.slabs_in_shard(shard)) {
        co_await read_slab(shard, next_slab_++, buffer);
    }
}

task<void> recovery::read_slab(std::uint32_t shard, std::uint32_t slab,
                               std::span<std::byte> memory) {
    const format::geometry& cut = of_.super.cut;
    const std::uint32_t number = format::number_of(cut, shard, slab);
    const device_offset begin = format::slab_begin(cut, number);
    auto got = co_await of_.io.read(begin, memory.first(first_read.count()));
    if (!got) {
        ++sum_.unread;
        unread_.push_back(slab);
        co_return;
    }
    const auto header =
        format::decode_slab_header(memory.first<format::block.count()>(), of_.super.device, number);
    if (!header) {
        if (header.error().code != errc::not_found) ++sum_.damaged;
        co_return;
    }
    const std::size_t found = slabs_.size();
    slabs_.push_back({.slab = slab, .header = *header});
    const slab_table table(of_.super, *header);
    const auto keep = [&](std::uint32_t slot, const format::descriptor& d) {
        chunks_.push_back({.is = d, .at = {.slab = slab, .slot = slot}});
    };
    auto blocks = memory.first(first_read.count()).subspan(format::block.count());
    const bytes whole = format::table_size(cut.slab_size, header->size);
    for (bytes at;;) {
        const auto first_slot =
            static_cast<std::uint32_t>(at / format::block) * format::descriptors_per_block;
        const table_tally seen = table.read(blocks, first_slot, keep);
        sum_.damaged += seen.damaged;
        slabs_[found].described += static_cast<std::uint32_t>(seen.valid);
        at += bytes(blocks.size());
        if (at >= whole) break;
        blocks = memory.first(std::min(memory.size(), (whole - at).count()));
        got = co_await of_.io.read(format::table_begin(cut, number) + at, blocks);
        if (!got) {
            ++sum_.unread;
            co_return;
        }
    }
}

task<void> recovery::restore_shard(std::uint32_t shard) {
    for (const auto& [slab, header, described] : slabs_) {
        slots_.restore_slab(of_.device, shard, slab, header.size, header.generation);
        of_.tables.restored(header, described);
    }
    for (const std::uint32_t slab : unread_) slots_.leave_slab_alone(of_.device, shard, slab);
    std::ranges::sort(chunks_, {}, [](const found_chunk& c) { return c.is.sequence; });
    std::size_t done = 0;
    for (const found_chunk& c : chunks_) {
        restore_chunk(c, shard);
        if (++done % restored_between_yields == 0) co_await yield();
    }
    slots_.finish_restore(of_.device, shard, chunks_.empty() ? 0 : chunks_.back().is.sequence);
}

void recovery::restore_chunk(const found_chunk& c, std::uint32_t shard) {
    const part_ref ref = part_for(c.is, shard);
    if (ref == no_part) {
        leave_out(c, shard);
        return;
    }
    part& p = parts_.at(ref);
    chunk_record& record = p.chunk(c.is.chunk);
    if (p.on_device > 0 && p.device == of_.device &&
        record.location.what() == chunk_location::kind::slot) {
        // Written twice: what came later stands.
        slots_.release(ref, c.is.chunk, record.location.slot());
        record.location = {};
        --p.held;
        --sum_.chunks;
    }
    const bool elsewhere = p.on_device > 0 && p.device != of_.device;
    if (elsewhere || p.length != c.is.part_length || record.location != chunk_location()) {
        leave_out(c, shard);
        return;
    }
    p.device = of_.device;
    record.set_checksum(c.is.checksum);
    slots_.restore_slot(ref, c.is.chunk, c.at);
    ++sum_.chunks;
}

part_ref recovery::part_for(const format::descriptor& d, std::uint32_t shard) {
    const part_key key{.id = d.part, .length = d.part_length};
    part_ref ref = parts_.find(key.id);
    if (ref != no_part) return ref;
    ref = parts_.insert(key);
    for (int i = 0; ref == no_part && i < evictions_for_part_max; ++i) {
        if (!slots_.evict_from(of_.device, shard)) break;
        ref = parts_.insert(key);
    }
    if (ref == no_part) {
        ++sum_.left_out;
    } else {
        ++sum_.parts;
    }
    return ref;
}

void recovery::leave_out(const found_chunk& c, std::uint32_t shard) {
    of_.tables.released(format::number_of(of_.super.cut, shard, c.at.slab), c.at.slot);
}

}  // namespace lode::engine
