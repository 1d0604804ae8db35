#include "engine/store/slab_table.h"

#include <map>
#include <vector>

#include "engine/store/part_key.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

constexpr std::uint32_t slab_number = 6;  // of shard 2
constexpr std::uint64_t slab_generation = 5;
constexpr size_class slots_of_8_KiB(1);

format::superblock four_shards() {
    return {.cut = *format::choose_geometry(256_MiB, {.shards = 4, .slab_data = 1_MiB}),
            .device = {.high = 7, .low = 8},
            .node = {}};
}

format::descriptor chunk_of_8_KiB(std::uint64_t sequence) {
    return {.part = {.high = (sequence << 8U) | 2, .low = sequence},
            .part_length = 7_KiB,
            .chunk = 0,
            .generation = slab_generation,
            .sequence = sequence};
}

// A slab's table in memory, as one would read it.
struct table_under_test {
    format::superblock super = four_shards();
    format::slab_header header{
        .slab = slab_number, .size = slots_of_8_KiB, .generation = slab_generation};
    std::vector<std::byte> blocks;
    std::map<std::uint32_t, std::uint64_t> visited;  // slot to sequence

    table_under_test()
        : blocks(format::table_size(four_shards().cut.slab_size, slots_of_8_KiB).count()) {}

    [[nodiscard]] std::uint32_t slots() const {
        return format::slots_in_slab(super.cut.slab_size, header.size);
    }
    void put(std::uint32_t slot, const format::descriptor& d) {
        put(slot, d, {.device = super.device, .slab = slab_number, .slot = slot});
    }
    void put(std::uint32_t slot, const format::descriptor& d,
             const format::descriptor_place& place) {
        constexpr std::size_t step = format::descriptor_size.count();
        encode(d, place, std::span(blocks).subspan(slot * step).first<step>());
    }
    table_tally read() { return read(blocks, 0); }
    table_tally read(std::span<const std::byte> from, std::uint32_t first_slot) {
        visited.clear();
        return slab_table(super, header)
            .read(from, first_slot, [this](std::uint32_t slot, const format::descriptor& d) {
                visited[slot] = d.sequence;
            });
    }
};

}  // namespace

TEST_CASE("an empty table has as many empty places as its slab has slots, and no more") {
    table_under_test t;

    const auto seen = t.read();

    CHECK(seen == table_tally{.empty = t.slots()});
    CHECK(t.slots() * format::descriptor_size.count() < t.blocks.size());
}

TEST_CASE("valid descriptors are visited with their slots, from the first to the last") {
    table_under_test t;
    t.put(0, chunk_of_8_KiB(1));
    t.put(63, chunk_of_8_KiB(2));
    t.put(64, chunk_of_8_KiB(3));
    t.put(t.slots() - 1, chunk_of_8_KiB(4));

    const auto seen = t.read();

    CHECK(seen == table_tally{.valid = 4, .empty = t.slots() - 4});
    CHECK(t.visited ==
          std::map<std::uint32_t, std::uint64_t>{{0, 1}, {63, 2}, {64, 3}, {t.slots() - 1, 4}});
}

TEST_CASE("what lies behind the last slot is not looked at") {
    table_under_test t;
    t.put(t.slots(), chunk_of_8_KiB(1));

    CHECK(t.read() == table_tally{.empty = t.slots()});
}

TEST_CASE("a table can be read block by block, and ends where its blocks end") {
    table_under_test t;
    t.put(3, chunk_of_8_KiB(1));
    t.put(70, chunk_of_8_KiB(2));
    const std::span<const std::byte> blocks(t.blocks);

    const auto first = t.read(blocks.first(4096), 0);
    CHECK(t.visited == std::map<std::uint32_t, std::uint64_t>{{3, 1}});
    const auto second = t.read(blocks.subspan(4096, 4096), 64);
    CHECK(t.visited == std::map<std::uint32_t, std::uint64_t>{{70, 2}});

    CHECK(first == table_tally{.valid = 1, .empty = 63});
    CHECK(second == table_tally{.valid = 1, .empty = t.slots() - 65});
    CHECK(t.read(blocks.first(63), 0) == table_tally{});
    CHECK(t.read({}, 0) == table_tally{});
}

TEST_CASE("a descriptor of another generation is a leftover, whether older or newer") {
    table_under_test t;
    for (const std::uint64_t other : {slab_generation - 1, slab_generation + 1}) {
        auto d = chunk_of_8_KiB(1);
        d.generation = other;
        t.put(1, d);

        CHECK(t.read() == table_tally{.empty = t.slots() - 1, .leftover = 1});
        CHECK(t.visited.empty());
    }
}

TEST_CASE("a descriptor from another slot, slab or device is damaged") {
    const auto super = four_shards();
    for (const format::descriptor_place& place :
         {format::descriptor_place{.device = super.device, .slab = slab_number, .slot = 2},
          format::descriptor_place{.device = super.device, .slab = slab_number + 4, .slot = 1},
          format::descriptor_place{.device = {.high = 7, .low = 9}, .slab = 6, .slot = 1}}) {
        table_under_test t;
        t.put(1, chunk_of_8_KiB(1), place);

        CHECK(t.read() == table_tally{.empty = t.slots() - 1, .damaged = 1});
        CHECK(t.visited.empty());
    }
}

TEST_CASE("a descriptor whose part belongs to another shard is damaged") {
    table_under_test t;
    auto d = chunk_of_8_KiB(1);
    d.part.high += 1;
    t.put(1, d);

    CHECK(t.read() == table_tally{.empty = t.slots() - 1, .damaged = 1});
}

TEST_CASE("a chunk that is too small or too large for the slab's slots is damaged") {
    const auto tally_of = [](bytes part_length, std::uint32_t chunk) {
        table_under_test t;
        auto d = chunk_of_8_KiB(1);
        d.part_length = part_length;
        d.chunk = chunk;
        t.put(1, d);
        return t.read();
    };

    CHECK(tally_of(4_KiB, 0).damaged == 1);
    CHECK(tally_of(4_KiB + 1_B, 0).valid == 1);
    CHECK(tally_of(8_KiB, 0).valid == 1);
    CHECK(tally_of(8_KiB + 1_B, 0).damaged == 1);
    CHECK(tally_of(1_MiB + 8_KiB, 0).damaged == 1);
    CHECK(tally_of(1_MiB + 8_KiB, 1).valid == 1);
    CHECK(tally_of(part_length_max, 1).damaged == 1);
    CHECK(tally_of(part_length_max + 1_B, 1).damaged == 1);
}

TEST_CASE("any wrong bit of a descriptor makes it damaged and leaves its neighbours alone") {
    table_under_test t;
    for (std::uint32_t slot = 0; slot < 3; ++slot) t.put(slot, chunk_of_8_KiB(slot));

    for (std::size_t bit = 0; bit < format::descriptor_size.count() * 8; ++bit) {
        std::byte& b = t.blocks[format::descriptor_size.count() + bit / 8];
        b ^= static_cast<std::byte>(1U << (bit % 8));
        REQUIRE(t.read() == table_tally{.valid = 2, .empty = t.slots() - 3, .damaged = 1});
        b ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST_CASE("tallies add up") {
    table_tally sum{.valid = 1, .empty = 2, .leftover = 3, .damaged = 4};

    sum.add({.valid = 10, .empty = 20, .leftover = 30, .damaged = 40});

    CHECK(sum == table_tally{.valid = 11, .empty = 22, .leftover = 33, .damaged = 44});
}
