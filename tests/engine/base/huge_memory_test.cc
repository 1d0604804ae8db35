#include "engine/base/huge_memory.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include "tests/catch.h"

using namespace lode;

namespace {

constexpr bytes page = huge_memory::small_page;

std::size_t pages_in_memory(const huge_memory& memory) {
    std::vector<unsigned char> present(memory.size() / page);
    REQUIRE(mincore(memory.data(), memory.size().count(), present.data()) == 0);
    return static_cast<std::size_t>(std::ranges::count_if(present, [](auto p) { return p & 1; }));
}

}  // namespace

TEST_CASE("a table's memory is zero to its last byte, and as long as was asked for") {
    for (const bytes size : {bytes(1), page, page + bytes(1), huge_memory::huge_from - bytes(1),
                             huge_memory::huge_from, huge_memory::huge_from + bytes(1)}) {
        const huge_memory memory(size);
        REQUIRE(memory.size() >= size);
        CHECK(memory.data()[0] == std::byte{0});
        CHECK(memory.data()[memory.size().count() - 1] == std::byte{0});
        memory.data()[memory.size().count() - 1] = std::byte{1};
    }
}

TEST_CASE("memory is aligned as asked, whatever its size") {
    constexpr bytes alignment = page * 256;
    for (int i = 0; i < 10; ++i) {
        const auto small = huge_memory::map(page * 3, alignment);
        const auto large = huge_memory::map(huge_memory::huge_from, alignment);
        REQUIRE((small && large));
        CHECK(reinterpret_cast<std::uintptr_t>(small->data()) % alignment.count() == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(large->data()) % alignment.count() == 0);
    }
}

TEST_CASE("what no address space can hold is refused") {
    CHECK(!huge_memory::map(bytes(std::uint64_t{1} << 60U)));
    CHECK_THROWS_AS(huge_memory(bytes(std::uint64_t{1} << 60U)), std::bad_alloc);
}

TEST_CASE("a small table takes the pages that are used, one by one") {
    const huge_memory memory(huge_memory::huge_from - page);
    CHECK(pages_in_memory(memory) == 0);

    memory.data()[page.count() * 7] = std::byte{1};
    memory.data()[page.count() * 500] = std::byte{1};

    CHECK(pages_in_memory(memory) == 2);
}

TEST_CASE("a large table begins at a huge page and takes one at a time") {
    constexpr bytes size = bytes(std::uint64_t{64} << 30U);
    const huge_memory memory(size + bytes(1));
    CHECK(memory.size() == size + huge_memory::huge_page);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % huge_memory::huge_page.count() == 0);

    const huge_memory used(huge_memory::huge_from);
    used.data()[huge_memory::huge_page.count()] = std::byte{1};

    // A kernel may be told to have no huge pages.
    const std::size_t touched = pages_in_memory(used);
    CHECK((touched == huge_memory::huge_page / page || touched == 1));
}

TEST_CASE("a table's memory moves with its owner") {
    huge_memory first(page);
    first.data()[5] = std::byte{9};

    const huge_memory second(std::move(first));

    CHECK(second.data()[5] == std::byte{9});
    CHECK(first.data() == nullptr);  // NOLINT(bugprone-use-after-move)
    CHECK(first.size() == bytes(0));
}
