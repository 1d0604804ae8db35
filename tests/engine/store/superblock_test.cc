#include "engine/store/superblock.h"

#include <fstream>

#include "engine/base/aligned_memory.h"
#include "tests/catch.h"
#include "tests/engine/store/hand_made_device.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using Catch::Matchers::Contains;

namespace {

constexpr overwriting either_way[] = {overwriting::nothing, overwriting::everything};

std::expected<format::superblock, std::string> format_file(const std::string& path,
                                                           overwriting what,
                                                           const format_wishes& wishes = {}) {
    auto backing = open_file_backing({.path = path, .size = 32_MiB});
    if (!backing) return std::unexpected(backing.error());
    return format_device(**backing, path, wishes, what);
}

std::expected<format::superblock, std::string> use_file(const std::string& path,
                                                        const std::string& node) {
    auto backing = open_file_backing({.path = path, .size = {}});
    if (!backing) return std::unexpected(backing.error());
    return open_or_format(**backing, path, {.node = node, .cut = {}});
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The device is refused as it is, in these words, which name the way out; and nothing of it changed.
void expect_refused_until_forced(const hand_made_device& device, const std::string& words) {
    const std::string before = content_of(device.path());

    const auto refused = format_file(device.path(), overwriting::nothing);

    REQUIRE(!refused);
    CHECK_THAT(refused.error(), Contains(device.path() + " " + words));
    CHECK_THAT(refused.error(), Contains("`lode format --force " + device.path() + "`"));
    CHECK(content_of(device.path()) == before);

    const auto forced = format_file(device.path(), overwriting::everything, {.node = "node-b"});
    REQUIRE(forced);
    const auto used = use_file(device.path(), "node-b");
    REQUIRE(used);
    CHECK(used->device == forced->device);
}

void put_newer_format(const hand_made_device& device) {
    std::array<std::byte, format::block.count()> block{};
    encode(device.super(), block);
    block[8] = std::byte{2};
    const std::uint64_t sum = xxh3_64(std::span(block).first(4088));
    std::memcpy(block.data() + 4088, &sum, sizeof sum);
    device.write(format::first_superblock, block);
    device.write(format::second_superblock, block);
}

}  // namespace

TEST_CASE("an empty device is formatted as it was asked for, forced or not") {
    for (const overwriting what : either_way) {
        const temporary_file file;

        const auto made = format_file(file.path(), what,
                                      {.node = "node-a", .cut = {.shards = 2, .slab_data = 2_MiB}});

        REQUIRE(made);
        CHECK(made->cut.shards == 2);
        CHECK(made->cut.slab_size == 2_MiB + format::slab_overhead);
        CHECK(made->node == "node-a");
        const auto used = use_file(file.path(), "node-a");
        REQUIRE(used);
        CHECK(used->device == made->device);
        CHECK(used->cut == made->cut);
    }
}

TEST_CASE("a cache is formatted only by force, our own no less than another node's") {
    const hand_made_device device(32_MiB);
    expect_refused_until_forced(device, "is the cache of node \"node-a\" already.");
}

TEST_CASE("a newer format is overwritten only by force") {
    const hand_made_device device(32_MiB);
    put_newer_format(device);
    expect_refused_until_forced(device, "has a format that this version of lode does not know");
}

TEST_CASE("a cache with damaged superblocks is formatted only by force") {
    const hand_made_device device(32_MiB);
    device.flip(format::first_superblock + 30_B);
    device.flip(format::second_superblock + 30_B);
    expect_refused_until_forced(device, "is a cache of lode whose superblocks are both damaged.");
}

TEST_CASE("foreign data is overwritten only by force, at either end of the device") {
    for (const std::uint64_t at : {std::uint64_t{510}, (32_MiB).count() - 512}) {
        const hand_made_device device(32_MiB);
        const std::vector<std::byte> zeros(4096);
        device.write(format::first_superblock, zeros);
        device.write(format::second_superblock, zeros);
        device.flip(device_offset(at));
        expect_refused_until_forced(device, "holds something that is not a cache of lode");
    }
}

TEST_CASE("a forced format leaves no mark of what was there at the edges") {
    const hand_made_device device(32_MiB);
    device.flip(device_offset(1024));
    device.flip(device_offset((32_MiB).count() - 512));

    REQUIRE(format_file(device.path(), overwriting::everything));

    const std::string content = content_of(device.path());
    CHECK(content[1024] == '\0');
    CHECK(content[content.size() - 512] == '\0');
}

TEST_CASE("after a forced format no slab of the old cache is believed") {
    const hand_made_device device(32_MiB, {.shards = 1, .slab_data = 1_MiB});
    device.put_header(3, size_class(0), 1);
    const format::descriptor d{
        .part = hand_made_device::part(0, 1), .part_length = 1_KiB, .chunk = 0, .generation = 1};
    device.put_descriptor(3, 0, d);

    const auto made = format_file(device.path(), overwriting::everything,
                                  {.node = {}, .cut = {.shards = 1, .slab_data = 1_MiB}});

    REQUIRE(made);
    CHECK(made->device != device.super().device);
    const auto backing = open_file_backing({.path = device.path(), .size = {}});
    REQUIRE(backing);
    const aligned_memory blocks(format::block * 2);
    REQUIRE((*backing)->read(device.header_at(3), blocks.span()));
    const auto header = blocks.span().first<format::block.count()>();
    CHECK(format::decode_slab_header(header, device.super().device, 3));
    CHECK(format::decode_slab_header(header, made->device, 3).error().code == errc::corrupt);
    const auto entry =
        blocks.span().subspan(format::block.count()).first<format::descriptor_size.count()>();
    CHECK(format::decode_descriptor(entry, {device.super().device, 3, 0}));
    CHECK(!format::decode_descriptor(entry, {made->device, 3, 0}));
}

TEST_CASE("no force formats a device that is in use") {
    const hand_made_device device(32_MiB);
    const auto user = open_file_backing({.path = device.path(), .size = {}});
    REQUIRE(user);

    for (const overwriting what : either_way) {
        CHECK_THAT(format_file(device.path(), what).error(),
                   Contains("is in use by another process"));
    }
    CHECK((*read_superblocks(**user)).usable()->device == device.super().device);
}

TEST_CASE("wishes that do not fit are refused before anything is erased") {
    const hand_made_device device(32_MiB);

    const auto made = format_file(device.path(), overwriting::everything,
                                  {.node = {}, .cut = {.shards = 3, .slab_data = {}}});

    REQUIRE(!made);
    CHECK_THAT(made.error(), Contains("cannot be divided into the shards and slabs"));
    CHECK(use_file(device.path(), "node-a"));
}

TEST_CASE("a start that refuses a device names the way out where there is one") {
    const hand_made_device device(32_MiB);
    const std::string remedy = "`lode format --force " + device.path() + "`";

    CHECK_THAT(use_file(device.path(), "node-b").error(), Contains(remedy));
    device.flip(format::first_superblock + 30_B);
    device.flip(format::second_superblock + 30_B);
    CHECK_THAT(use_file(device.path(), "node-a").error(), Contains(remedy));
    put_newer_format(device);
    CHECK_THAT(use_file(device.path(), "node-a").error(), Contains(remedy));
    const std::vector<std::byte> junk(4096, std::byte{7});
    device.write(format::first_superblock, junk);
    device.write(format::second_superblock, junk);
    CHECK_THAT(use_file(device.path(), "node-a").error(), Contains(remedy));
}

namespace {

// A device that takes only transfers of 8 KiB.
class coarse_backing final : public device_backing {
  public:
    explicit coarse_backing(device_backing& below) : below_(below) {}
    result<> read(device_offset from, std::span<std::byte> into) override {
        return below_.read(from, into);
    }
    result<> write(device_offset to, std::span<const std::byte> from) override {
        return below_.write(to, from);
    }
    [[nodiscard]] bytes size() const override { return below_.size(); }
    [[nodiscard]] bytes alignment() const override { return 8_KiB; }
    [[nodiscard]] std::unique_ptr<block_device> on_core(core_id core) override {
        return below_.on_core(core);
    }

  private:
    device_backing& below_;
};

}  // namespace

TEST_CASE("a device with larger blocks than the format's is refused, a cache or not") {
    const temporary_file file;
    const auto below = open_file_backing({.path = file.path(), .size = 32_MiB});
    REQUIRE(below);
    REQUIRE(open_or_format(**below, file.path(), {}));
    coarse_backing coarse(**below);

    for (const overwriting what : either_way) {
        CHECK_THAT(format_device(coarse, file.path(), {}, what).error(),
                   Contains("aligned to 8192 bytes"));
    }
    CHECK_THAT(open_or_format(coarse, file.path(), {}).error(), Contains("aligned to 8192 bytes"));
}
