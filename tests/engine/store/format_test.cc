#include "engine/store/format.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/base/random.h"
#include "engine/store/superblock.h"
#include "tests/catch.h"
#include "tests/engine/store/store_world.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

using block_memory = std::array<std::byte, format::block.count()>;

format::superblock sample_superblock() {
    return {.cut = *format::choose_geometry(1_GiB, {}),
            .device = {.high = 1, .low = 2},
            .node = "node-a",
            .formatted_at = 1'700'000'000};
}

template <std::size_t N>
void flip(std::array<std::byte, N>& data, std::size_t bit) {
    data[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
}

void write_at(const std::string& path, std::uint64_t offset, std::span<const std::byte> data) {
    const int fd = ::open(path.c_str(), O_WRONLY);
    const auto put = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    ::close(fd);
    REQUIRE(put == static_cast<ssize_t>(data.size()));
}

std::expected<format::superblock, std::string> open_file(const std::string& path, bytes size,
                                                         const std::string& node = "") {
    auto backing = open_file_backing({.path = path, .size = size});
    if (!backing) return std::unexpected(backing.error());
    return open_or_format(**backing, path, {.node = node, .cut = {}});
}

// A superblock that is right in everything but what `change` does to it.
block_memory changed_superblock(std::size_t at, std::uint32_t value) {
    block_memory block{};
    encode(sample_superblock(), block);
    std::memcpy(block.data() + at, &value, sizeof value);
    const std::uint64_t sum = xxh3_64(std::span(block).first(4088));
    std::memcpy(block.data() + 4088, &sum, sizeof sum);
    return block;
}

}  // namespace

TEST_CASE("a superblock comes back as it was written") {
    block_memory block{};
    encode(sample_superblock(), block);

    const auto read = format::decode_superblock(block);

    REQUIRE(read);
    CHECK(read->cut == sample_superblock().cut);
    CHECK(read->device == sample_superblock().device);
    CHECK(read->node == "node-a");
    CHECK(read->formatted_at == 1'700'000'000);
}

TEST_CASE("a superblock with any wrong bit is refused") {
    block_memory block{};
    encode(sample_superblock(), block);

    for (std::size_t bit = 0; bit < 128 * 8; ++bit) {
        flip(block, bit);
        REQUIRE(!format::decode_superblock(block));
        flip(block, bit);
    }
    flip(block, 4095 * 8);
    CHECK(!format::decode_superblock(block));
}

TEST_CASE("a superblock whose checksum holds is still not believed blindly") {
    CHECK(format::decode_superblock(changed_superblock(8, 1)).has_value());
    CHECK(format::decode_superblock(changed_superblock(8, 2)).error().code == errc::unavailable);
    CHECK(format::decode_superblock(changed_superblock(12, 512)).error().code == errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(24, 4096)).error().code == errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(32, 0)).error().code == errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(32, 1U << 30U)).error().code ==
          errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(36, 0)).error().code == errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(36, 3)).error().code == errc::corrupt);
    CHECK(format::decode_superblock(changed_superblock(64, 256)).error().code == errc::corrupt);
}

TEST_CASE("a geometry leaves each shard 512 MiB and 32 slabs, within the limits") {
    CHECK(!format::choose_geometry(format::device_size_min - 1_B, {}));
    CHECK(format::choose_geometry(format::device_size_min, {})->shards == 1);
    CHECK(format::choose_geometry(1_GiB, {})->shards == 1);
    CHECK(format::choose_geometry(1_GiB + 1_MiB, {})->shards == 2);
    CHECK(format::choose_geometry(1_TiB, {})->shards == 64);
    for (const bytes size : {16_MiB, 100_MiB, 1_GiB, 3_GiB, 64_GiB, 1_TiB, 30 * 1_TiB}) {
        const auto g = format::choose_geometry(size, {});
        REQUIRE(g);
        CHECK(format::plausible(*g));
        if (size > 1_GiB) CHECK(g->slabs / g->shards >= format::slabs_per_shard_min - 1);
        // What is not in slabs is the first MiB and less than one slab.
        CHECK(g->slab_size * g->slabs + format::header_area + g->slab_size > size);
    }
    CHECK(!format::choose_geometry(1_GiB, {.shards = 3, .slab_data = {}}));
    CHECK(!format::choose_geometry(1_GiB, {.shards = 128, .slab_data = {}}));
    CHECK(!format::choose_geometry(1_GiB, {.shards = 1, .slab_data = 32_MiB}));
    CHECK(format::choose_geometry(1_GiB, {.shards = 64, .slab_data = 1_MiB}));
}

TEST_CASE("the slots of a slab do not overlap its table, each other, or the next slab") {
    for (const bytes data : {1_MiB, 2_MiB, 16_MiB}) {
        const auto g = format::choose_geometry(256_MiB, {.shards = 2, .slab_data = data});
        REQUIRE(g);
        for (std::uint8_t i = 0; i < size_class::count; ++i) {
            const size_class c(i);
            const std::uint32_t slots = format::slots_in_slab(g->slab_size, c);
            REQUIRE(slots > 0);
            REQUIRE(slots <= 1U << format::slot_bits);
            const auto begin = format::slab_begin(*g, 1, 0);
            const auto first = format::slot_begin(*g, 1, c, {.slab = 0, .slot = 0});
            const auto last = format::slot_begin(*g, 1, c, {.slab = 0, .slot = slots - 1});
            CHECK(first >= begin + format::block + format::descriptor_size * slots);
            CHECK(last - first == c.size() * (slots - 1));
            CHECK(last + c.size() <= begin + g->slab_size);
            CHECK(first.value() % format::block.count() == 0);
            // No room for one more is left unused, but for the table's rounding.
            CHECK(c.size() * slots + c.size() + format::descriptor_size * slots +
                      format::block * 2 + format::descriptor_size >
                  g->slab_size - format::block);
        }
        CHECK(format::slots_in_slab(g->slab_size, size_class(8)) == data / 1_MiB);
    }
}

TEST_CASE("slabs of different shards do not overlap and stay on the device") {
    const auto g = format::choose_geometry(64_MiB, {.shards = 4, .slab_data = 1_MiB});
    REQUIRE(g);
    std::vector<std::uint64_t> begins;

    for (std::uint32_t shard = 0; shard < g->shards; ++shard) {
        for (std::uint32_t slab = 0; slab < g->slabs_in_shard(shard); ++slab) {
            begins.push_back(format::slab_begin(*g, shard, slab).value());
        }
    }

    std::ranges::sort(begins);
    REQUIRE(begins.size() == g->slabs);
    CHECK(begins.front() == format::header_area.count());
    for (std::size_t i = 1; i < begins.size(); ++i) {
        REQUIRE(begins[i] - begins[i - 1] == g->slab_size.count());
    }
    CHECK(begins.back() + g->slab_size.count() <= g->device_size.count());
}

TEST_CASE("a slab header and a descriptor are believed only in their own place") {
    const hash128 device{.high = 5, .low = 6};
    block_memory block{};
    CHECK(format::decode_slab_header(block, device, 9).error().code == errc::not_found);
    encode(format::slab_header{.slab = 9, .size = size_class(3), .generation = 4}, device, block);
    CHECK(format::decode_slab_header(block, device, 9)->generation == 4);
    CHECK(format::decode_slab_header(block, device, 9)->size == size_class(3));
    CHECK(!format::decode_slab_header(block, device, 8));
    CHECK(!format::decode_slab_header(block, {.high = 5, .low = 7}, 9));

    const format::descriptor d{.part = {.high = 1, .low = 2},
                               .part_length = 3_MiB,
                               .chunk = 2,
                               .generation = 4,
                               .sequence = 11,
                               .checksum = 12};
    const format::descriptor_place place{.device = device, .slab = 9, .slot = 3};
    std::array<std::byte, format::descriptor_size.count()> entry{};
    CHECK(format::decode_descriptor(entry, place).error().code == errc::not_found);
    encode(d, place, entry);
    const auto read = format::decode_descriptor(entry, place);
    REQUIRE(read);
    CHECK(read->part == d.part);
    CHECK(read->part_length == d.part_length);
    CHECK(read->chunk == d.chunk);
    CHECK(read->generation == d.generation);
    CHECK(read->sequence == d.sequence);
    CHECK(read->checksum == d.checksum);
    CHECK(!format::decode_descriptor(entry, {.device = device, .slab = 9, .slot = 4}));
    CHECK(!format::decode_descriptor(entry, {.device = device, .slab = 8, .slot = 3}));
    CHECK(!format::decode_descriptor(entry, {.device = {}, .slab = 9, .slot = 3}));
    for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
        flip(entry, bit);
        REQUIRE(!format::decode_descriptor(entry, place));
        flip(entry, bit);
    }
}

TEST_CASE("a descriptor of a chunk that its part does not have is refused") {
    const format::descriptor_place place{.device = {}, .slab = 0, .slot = 0};
    std::array<std::byte, format::descriptor_size.count()> entry{};

    encode(format::descriptor{.part = {}, .part_length = 3_MiB, .chunk = 3}, place, entry);
    CHECK(!format::decode_descriptor(entry, place));
    encode(format::descriptor{.part = {}, .part_length = 3_MiB + 1_B, .chunk = 3}, place, entry);
    CHECK(format::decode_descriptor(entry, place));
    encode(format::descriptor{.part = {}, .part_length = 0_B, .chunk = 0}, place, entry);
    CHECK(!format::decode_descriptor(entry, place));
}

TEST_CASE("an empty file is formatted once and found again") {
    const temporary_file file;

    const auto first = open_file(file.path(), 32_MiB, "node-a");
    const auto second = open_file(file.path(), 32_MiB, "node-a");

    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->device == second->device);
    CHECK(first->cut == second->cut);
}

TEST_CASE("a device of another node is refused") {
    const temporary_file file;
    REQUIRE(open_file(file.path(), 32_MiB, "node-a"));

    const auto other = open_file(file.path(), 32_MiB, "node-b");

    REQUIRE(!other);
    CHECK_THAT(other.error(), Contains("is the cache of node \"node-a\""));
}

TEST_CASE("a file that holds something else is refused and left as it was") {
    const std::uint64_t size = (32_MiB).count();
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{510}, std::uint64_t{65536},
                                   std::uint64_t{1024 * 1024 - 1}, size - 512}) {
        const temporary_file file;
        REQUIRE(::truncate(file.path().c_str(), static_cast<off_t>(size)) == 0);
        const std::byte mark{0x55};
        write_at(file.path(), at, {&mark, 1});

        const auto opened = open_file(file.path(), bytes(size));

        REQUIRE(!opened);
        CHECK_THAT(opened.error(), Contains("is not a cache of lode"));
        std::ifstream back(file.path(), std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(back), {}};
        REQUIRE(content.size() == size);
        CHECK(std::ranges::count(content, '\0') == static_cast<std::ptrdiff_t>(size - 1));
        CHECK(content[at] == '\x55');
    }
}

TEST_CASE("a file that is refused has not grown, and its own end is what counts") {
    const temporary_file file;
    REQUIRE(::truncate(file.path().c_str(), 20 << 20) == 0);
    const std::byte mark{0x55};
    write_at(file.path(), (20 << 20) - 512, {&mark, 1});
    const temporary_file scrap;
    write_at(scrap.path(), 0, {&mark, 1});

    CHECK_THAT(open_file(file.path(), 64_MiB).error(), Contains("is not a cache of lode"));
    CHECK(std::filesystem::file_size(file.path()) == (20_MiB).count());
    CHECK_THAT(open_file(scrap.path(), 64_MiB).error(), Contains("has 1 bytes of something"));
    CHECK(std::filesystem::file_size(scrap.path()) == 1);
}

TEST_CASE("a newer format is refused, and so are two damaged superblocks; one damaged is enough") {
    const temporary_file file;
    const auto first = open_file(file.path(), 32_MiB);
    REQUIRE(first);
    const std::array<std::byte, 8> junk{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}, std::byte{6}, std::byte{7}, std::byte{8}};

    write_at(file.path(), format::first_superblock.value() + 32, junk);
    const auto half = open_file(file.path(), 32_MiB);
    REQUIRE(half);
    CHECK(half->device == first->device);

    write_at(file.path(), format::second_superblock.value() + 32, junk);
    const auto none = open_file(file.path(), 32_MiB);
    REQUIRE(!none);
    CHECK_THAT(none.error(), Contains("both damaged"));

    const block_memory newer = changed_superblock(8, 2);
    write_at(file.path(), format::first_superblock.value(), newer);
    write_at(file.path(), format::second_superblock.value(), newer);
    const auto later = open_file(file.path(), 32_MiB);
    REQUIRE(!later);
    CHECK_THAT(later.error(), Contains("does not know (it knows 1)"));
}

TEST_CASE("a device that shrank, is too small, or is in use is refused") {
    const temporary_file file;
    REQUIRE(open_file(file.path(), 64_MiB));
    REQUIRE(::truncate(file.path().c_str(), 32 << 20) == 0);
    for (const bytes wanted : {32_MiB, 64_MiB}) {
        CHECK_THAT(open_file(file.path(), wanted).error(), Contains("is truncated"));
        CHECK(std::filesystem::file_size(file.path()) == (32_MiB).count());
    }

    const temporary_file small;
    CHECK_THAT(open_file(small.path(), 15_MiB).error(), Contains("needs at least 16777216"));

    const temporary_file held;
    const auto holder = open_file_backing({.path = held.path(), .size = 32_MiB});
    REQUIRE(holder);
    CHECK_THAT(open_file(held.path(), 32_MiB).error(), Contains("in use by another process"));
    CHECK_THAT(open_file("/dev/null", 0_B).error(), Contains("neither a regular file"));
    CHECK_THAT(open_file("/nonexistent/cache", 32_MiB).error(), Contains("cannot be opened"));
}
