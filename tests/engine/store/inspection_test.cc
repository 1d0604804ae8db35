#include "engine/store/inspection.h"

#include <set>

#include "engine/store/distinct_count.h"
#include "engine/store/superblock.h"
#include "tests/catch.h"
#include "tests/engine/store/hand_made_device.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

constexpr std::uint64_t generation = 3;
constexpr size_class slots_of_4_KiB(0);
constexpr size_class slots_of_64_KiB(4);
constexpr size_class slots_of_1_MiB(8);

std::unique_ptr<device_backing> view_of(const hand_made_device& device) {
    auto opened = view_file_backing(device.path());
    LODE_ASSERT(opened.has_value());
    return std::move(*opened);
}

device_census census_of(const hand_made_device& device, const inspection_options& o = {}) {
    return inspect(*view_of(device), device.super(), o);
}

device_census verified(const hand_made_device& device) {
    return census_of(device, {.data = inspection_options::chunks::verified});
}

format::descriptor chunk(hash128 part, bytes part_length, std::uint32_t number = 0) {
    return {.part = part, .part_length = part_length, .chunk = number, .generation = generation};
}

// Two shards of slabs of 2 MiB; slab 0 has 4 KiB slots, slab 1 of shard 1 has 1 MiB slots, slab 2
// has 64 KiB slots, and the others were never used.
struct three_slabs {
    hand_made_device device{64_MiB, {.shards = 2, .slab_data = 2_MiB}};
    hash128 small = hand_made_device::part(0, 1);
    hash128 large = hand_made_device::part(1, 2);

    three_slabs() {
        device.put_header(0, slots_of_4_KiB, generation);
        device.put_chunk(0, 0, chunk(small, 100_B), 1);
        device.put_chunk(0, 1, chunk(hand_made_device::part(0, 3), 4_KiB), 2);
        device.put_chunk(0, 300, chunk(hand_made_device::part(0, 4), 1_B), 3);
        device.put_header(1, slots_of_1_MiB, generation);
        device.put_chunk(1, 0, chunk(large, 2_MiB + 1_B, 0), 4);
        device.put_chunk(1, 1, chunk(large, 2_MiB + 1_B, 1), 5);
        device.put_header(2, slots_of_64_KiB, generation);
        device.put_chunk(2, 7, chunk(hand_made_device::part(0, 5), 1_MiB + 40_KiB, 1), 6);
    }
};

}  // namespace

TEST_CASE("a device that was only formatted has nothing but unused slabs") {
    const hand_made_device device(64_MiB);

    const auto seen = census_of(device);

    CHECK(seen.slabs_unused == device.super().cut.slabs);
    CHECK(seen.total().slabs == 0);
    CHECK(seen.parts == 0);
}

TEST_CASE("slabs, slots, chunks, bytes and parts are counted by class") {
    const three_slabs world;
    const bytes slab_size = world.device.super().cut.slab_size;

    const auto seen = census_of(world.device);

    CHECK(seen.slabs_unused == world.device.super().cut.slabs - 3);
    CHECK(seen.slabs_damaged == 0);
    CHECK(seen.slabs_unread == 0);
    const class_census& small = seen.classes[slots_of_4_KiB.index()];
    CHECK(small.slabs == 1);
    CHECK(small.slots == format::slots_in_slab(slab_size, slots_of_4_KiB));
    CHECK(small.descriptors == table_tally{.valid = 3, .empty = small.slots - 3});
    CHECK(small.data == 100_B + 4_KiB + 1_B);
    const class_census& large = seen.classes[slots_of_1_MiB.index()];
    CHECK(large.slots == 2);
    CHECK(large.descriptors == table_tally{.valid = 2});
    CHECK(large.data == 2_MiB);
    CHECK(seen.classes[slots_of_64_KiB.index()].data == 40_KiB);
    CHECK(seen.total().slabs == 3);
    CHECK(seen.total().descriptors.valid == 6);
    CHECK(seen.parts == 5);
    CHECK(seen.parts_exact);
    CHECK(seen.chunks.whole == 0);
}

TEST_CASE("leftovers, wrong shards, wrong classes and damaged descriptors are told apart") {
    const three_slabs world;
    auto leftover = chunk(world.small, 100_B);
    leftover.generation = generation - 1;
    world.device.put_descriptor(0, 2, leftover);
    world.device.put_descriptor(0, 3, chunk(world.large, 100_B));
    world.device.put_descriptor(0, 4, chunk(world.small, 5_KiB));
    world.device.flip(world.device.descriptor_at(0, 1) + 20_B);

    const auto seen = census_of(world.device);

    const class_census& c = seen.classes[slots_of_4_KiB.index()];
    CHECK(c.descriptors ==
          table_tally{.valid = 2, .empty = c.slots - 6, .leftover = 1, .damaged = 3});
    CHECK(c.data == 101_B);
    CHECK(seen.parts == 4);
}

TEST_CASE("a slab with a damaged header is counted and its table is not believed") {
    for (const bytes into_header : {0_B, 8_B, 12_B, 16_B, 24_B, 47_B}) {
        const three_slabs world;
        world.device.flip(world.device.header_at(1) + into_header);

        const auto seen = verified(world.device);

        CHECK(seen.slabs_damaged == 1);
        CHECK(seen.classes[slots_of_1_MiB.index()].slabs == 0);
        CHECK(seen.chunks.whole == 4);
        CHECK(seen.chunks.damaged == 0);
    }
}

TEST_CASE("a header that was copied from another slab is not believed") {
    const three_slabs world;
    std::array<std::byte, format::block.count()> block{};
    encode(format::slab_header{.slab = 1, .size = slots_of_1_MiB, .generation = generation},
           world.device.super().device, block);
    world.device.write(world.device.header_at(3), block);

    CHECK(census_of(world.device).slabs_damaged == 1);
}

TEST_CASE("whole chunks are verified, in slots of every kind") {
    const three_slabs world;

    const auto seen = verified(world.device);

    CHECK(seen.chunks.whole == 6);
    CHECK(seen.chunks.damaged == 0);
    CHECK(seen.chunks.unread == 0);
    CHECK(seen.chunks.read == seen.total().data);
    CHECK(seen.chunks.bad.empty());
}

TEST_CASE("one wrong bit of a chunk is found, and named by its place") {
    struct place {
        std::uint32_t slab;
        size_class size;
        std::uint32_t slot;
        bytes into;
    };
    for (const place& p :
         {place{0, slots_of_4_KiB, 0, 99_B}, place{0, slots_of_4_KiB, 300, 0_B},
          place{1, slots_of_1_MiB, 0, 1_MiB - 1_B}, place{1, slots_of_1_MiB, 1, 0_B},
          place{2, slots_of_64_KiB, 7, 40_KiB - 1_B}}) {
        const three_slabs world;
        world.device.flip(world.device.data_at(p.slab, p.size, p.slot) + p.into);

        const auto seen = verified(world.device);

        CHECK(seen.chunks.whole == 5);
        CHECK(seen.chunks.damaged == 1);
        REQUIRE(seen.chunks.bad.size() == 1);
        CHECK(seen.chunks.bad[0].slab.slab == p.slab);
        CHECK(seen.chunks.bad[0].slot == p.slot);
    }
}

TEST_CASE("what stands behind a chunk in its slot does not matter") {
    const three_slabs world;
    world.device.flip(world.device.data_at(0, slots_of_4_KiB, 0) + 100_B);
    world.device.flip(world.device.data_at(2, slots_of_64_KiB, 7) + 40_KiB);

    CHECK(verified(world.device).chunks.whole == 6);
}

TEST_CASE("of many bad chunks all are counted and the first are named") {
    const hand_made_device device(32_MiB, {.shards = 1, .slab_data = 1_MiB});
    device.put_header(4, slots_of_4_KiB, generation);
    const std::uint32_t count = inspection_options::bad_listed_max + 5;
    for (std::uint32_t slot = 0; slot < count; ++slot) {
        device.put_descriptor(4, slot, chunk(hand_made_device::part(0, slot), 4_KiB));
    }

    const auto seen = verified(device);

    CHECK(seen.chunks.damaged == count);
    CHECK(seen.chunks.bad.size() == inspection_options::bad_listed_max);
    CHECK(seen.chunks.bad[15].slot == 15);
}

TEST_CASE("a truncated file is inspected as far as it goes") {
    const three_slabs world;
    const bytes to_slot_1 = world.device.data_at(1, slots_of_1_MiB, 1) - device_offset(0);
    world.device.truncate(to_slot_1);

    const auto seen = verified(world.device);

    CHECK(seen.slabs_unread == world.device.super().cut.slabs - 2);
    CHECK(seen.total().slabs == 2);
    CHECK(seen.chunks.whole == 4);
    CHECK(seen.chunks.unread == 1);
    REQUIRE(seen.chunks.bad.size() == 1);
    CHECK(seen.chunks.bad[0].slot == 1);
}

TEST_CASE(
    "chunks before the end of a truncated file are verified though their neighbours are gone") {
    const three_slabs world;
    world.device.put_chunk(0, 2, chunk(hand_made_device::part(0, 9), 4_KiB), 9);
    const bytes to_slot_2 = world.device.data_at(0, slots_of_4_KiB, 2) - device_offset(0);
    world.device.truncate(to_slot_2);

    const auto seen = verified(world.device);

    CHECK(seen.chunks.whole == 2);
    CHECK(seen.chunks.unread == 2);
}

TEST_CASE("progress is told slab by slab, up to all of them") {
    const three_slabs world;
    const format::geometry& cut = world.device.super().cut;
    std::vector<bytes> told;

    census_of(world.device, {.progress = [&](bytes done, bytes total) {
                  LODE_ASSERT(total == cut.slab_size * cut.slabs);
                  told.push_back(done);
              }});

    REQUIRE(told.size() == cut.slabs);
    CHECK(told.front() == cut.slab_size);
    CHECK(told.back() == cut.slab_size * cut.slabs);
}

TEST_CASE("a chunk that was replaced while it was verified is not called damaged") {
    const three_slabs world;
    // The bytes of the next tenant are there already, its descriptor is not; and slab 1 stays bad.
    world.device.flip(world.device.data_at(0, slots_of_4_KiB, 1));
    world.device.flip(world.device.data_at(1, slots_of_1_MiB, 0));
    world.device.flip(world.device.data_at(2, slots_of_64_KiB, 7));

    const auto seen =
        census_of(world.device, {.data = inspection_options::chunks::verified, .settle = [&world] {
                                     auto next = chunk(hand_made_device::part(0, 8), 3_KiB);
                                     next.sequence = 77;
                                     world.device.put_descriptor(0, 1, next);
                                     world.device.put_header(2, slots_of_64_KiB, generation + 1);
                                 }});

    CHECK(seen.chunks.whole == 3);
    CHECK(seen.chunks.replaced == 2);
    CHECK(seen.chunks.damaged == 1);
    REQUIRE(seen.chunks.bad.size() == 1);
    CHECK(seen.chunks.bad[0].slab.slab == 1);
}

TEST_CASE("a device is inspected while another process has it, and is not changed") {
    const three_slabs world;
    const auto holder = open_file_backing({.path = world.device.path(), .size = {}});
    REQUIRE(holder);

    const auto view = view_of(world.device);

    CHECK(view->in_use());
    CHECK(inspect(*view, world.device.super(), {}).total().descriptors.valid == 6);
    const std::vector<std::byte> zeros(4096);
    const aligned_memory block(4_KiB);
    CHECK(!view->write(device_offset(0), block.span()));
}

TEST_CASE("looking at a device does not keep anybody from using it") {
    const three_slabs world;
    const auto view = view_of(world.device);
    CHECK(!view->in_use());

    const auto user = open_file_backing({.path = world.device.path(), .size = {}});

    CHECK(user);
    CHECK(view->in_use());
}

TEST_CASE("a device that is looked at is neither created nor grown") {
    const std::string missing = "/var/tmp/lode-no-such-device";
    CHECK(!view_file_backing(missing));
    CHECK(::access(missing.c_str(), F_OK) != 0);
    CHECK(!view_file_backing("/var/tmp"));
    CHECK(!view_file_backing("/dev/null"));
}

TEST_CASE("either copy of the superblock is enough, and each is told by itself") {
    const hand_made_device device(32_MiB);
    const auto copies = [&] { return *read_superblocks(*view_of(device)); };
    CHECK(copies().first);
    CHECK(copies().second);

    device.flip(format::first_superblock + 20_B);
    CHECK(copies().first.error().code == errc::corrupt);
    REQUIRE(copies().usable() != nullptr);
    CHECK(copies().usable()->device == device.super().device);

    device.flip(format::second_superblock);
    CHECK(copies().second.error().code == errc::not_found);
    CHECK(copies().usable() == nullptr);
}

TEST_CASE("different ids are counted exactly up to a bound, and nearly so beyond it") {
    distinct_count few(1000);
    distinct_count many(1000);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        if (i < 1000) few.add({.high = i << 8U, .low = 0});
        if (i < 1000) few.add({.high = i << 8U, .low = 0});
        many.add({.high = i << 8U, .low = 0});
    }

    CHECK(few.count() == 1000);
    CHECK(few.exact());
    CHECK(!many.exact());
    CHECK(many.count() > 80'000);
    CHECK(many.count() < 120'000);
}
