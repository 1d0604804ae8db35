#include "tools/lode/device_format.h"

#include <filesystem>
#include <fstream>

#include "engine/base/assert.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::tools;
using namespace lode::literals;
using Catch::Matchers::Contains;
using engine::overwriting;

namespace {

struct scratch {
    std::filesystem::path folder;
    std::string path;

    scratch() {
        std::string made = "/var/tmp/lode-format-test-XXXXXX";
        LODE_ASSERT(mkdtemp(made.data()) != nullptr);
        folder = made;
        path = folder / "cache";
    }
    ~scratch() { std::filesystem::remove_all(folder); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    void write(const std::string& content) const {
        std::ofstream(path, std::ios::binary) << content;
    }
    [[nodiscard]] std::string read() const {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

std::string why_not(const format_request& r) {
    const auto made = format_path(r);
    return made ? "formatted" : made.error();
}

}  // namespace

TEST_CASE("a file that does not exist is created at the size asked for") {
    const scratch s;

    const auto made = format_path(
        {.path = s.path, .size = 64_MiB, .node = "node-a", .slab_size = 2_MiB, .shards = 4});

    REQUIRE(made);
    CHECK(std::filesystem::file_size(s.path) == (64_MiB).count());
    CHECK(print_formatted(s.path, *made) ==
          s.path +
              " is an empty cache of lode now, for node node-a: 64MiB in 31 slabs of 2MiB and "
              "4 shards.\n");
}

TEST_CASE("without a size nothing is created and an empty file stays empty") {
    const scratch s;
    CHECK(why_not({.path = s.path}) ==
          s.path + " does not exist; --size says how large a file to create.");
    CHECK_FALSE(std::filesystem::exists(s.path));

    s.write("");
    CHECK(why_not({.path = s.path}) ==
          s.path + " is an empty file; --size says how large it is to become.");
    CHECK(format_path({.path = s.path, .size = 16_MiB}));
}

TEST_CASE("a file of zeros is formatted at its own size") {
    const scratch s;
    s.write("");
    std::filesystem::resize_file(s.path, (32_MiB).count());

    const auto made = format_path({.path = s.path});

    REQUIRE(made);
    CHECK(made->cut.device_size == 32_MiB);
    CHECK(made->node.empty());
}

TEST_CASE("a file that is refused is not grown") {
    const scratch s;
    s.write("a letter");
    CHECK_THAT(why_not({.path = s.path, .size = 32_MiB}),
               Contains("has 8 bytes of something already. `lode format --force"));
    CHECK(s.read() == "a letter");
}

TEST_CASE("the end of a file is looked at before it grows") {
    const scratch s;
    s.write(std::string((20_MiB).count() - 1, '\0') + "x");

    CHECK_THAT(why_not({.path = s.path, .size = 64_MiB}),
               Contains("holds something that is not a cache of lode"));

    CHECK(std::filesystem::file_size(s.path) == (20_MiB).count());
    CHECK(s.read().back() == 'x');
    CHECK(format_path({.path = s.path, .size = 64_MiB, .what = overwriting::everything}));
}

TEST_CASE("a small file is overwritten and grown only by force") {
    const scratch s;
    s.write("a letter");

    const auto made =
        format_path({.path = s.path, .size = 32_MiB, .what = overwriting::everything});

    REQUIRE(made);
    CHECK(made->cut.device_size == 32_MiB);
}

TEST_CASE("a cache is formatted anew only by force") {
    const scratch s;
    const auto first = format_path({.path = s.path, .size = 32_MiB});
    REQUIRE(first);

    CHECK_THAT(why_not({.path = s.path}), Contains("is a cache of lode already"));
    const auto second = format_path({.path = s.path, .what = overwriting::everything});

    REQUIRE(second);
    CHECK(second->device != first->device);
}

TEST_CASE("a device in use is refused, by force too") {
    const scratch s;
    REQUIRE(format_path({.path = s.path, .size = 32_MiB}));
    const auto user = engine::open_file_backing({.path = s.path, .size = {}});
    REQUIRE(user);

    for (const overwriting what : {overwriting::nothing, overwriting::everything}) {
        CHECK(why_not({.path = s.path, .what = what}) == s.path + " is in use by another process.");
    }
}

TEST_CASE("wishes that cannot be met are refused before anything is created") {
    const scratch s;
    for (const format_request& r :
         {format_request{.path = s.path, .size = 16_MiB - 1_B},
          format_request{.path = s.path, .size = 32_MiB, .slab_size = 3_MiB},
          format_request{.path = s.path, .size = 32_MiB, .slab_size = 32_MiB},
          format_request{.path = s.path, .size = 32_MiB, .shards = 3},
          format_request{.path = s.path, .size = 32_MiB, .shards = 128},
          format_request{.path = s.path, .size = 32_MiB, .node = "no name"}}) {
        CHECK(why_not(r) != "formatted");
        CHECK_FALSE(std::filesystem::exists(s.path));
    }
    CHECK_THAT(why_not({.path = s.path, .size = 15_MiB}),
               Contains("would have 15MiB; a cache device needs at least 16MiB."));
    CHECK_THAT(why_not({.path = s.path, .shards = 3}), Contains("shards a power of two up to 64"));
}
