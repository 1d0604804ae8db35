#include "frontend/sealing/part_view.h"

#include <algorithm>
#include <vector>

#include "frontend/sealing/plaintext_buffers.h"
#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::sealing;

namespace {

part_key part_of(std::uint64_t length) {
    return {.id = {.high = 1, .low = 2}, .length = bytes(length)};
}

}  // namespace

TEST_CASE("without a key a part is seen as it lies in the store") {
    part_view view(part_of((2U << 20U) + 5), std::nullopt);

    CHECK(!view.sealed());
    CHECK(view.stored() == part_of((2U << 20U) + 5));
    CHECK(view.chunks(part_offset(1U << 20U), part_offset((2U << 20U) + 1)) ==
          chunk_range{.first = 1, .count = 2});
    CHECK(view.begin(2) == part_offset(2U << 20U));
    CHECK(view.length(2) == bytes(5));
    const std::vector<std::byte> stored(5);
    CHECK(view.open(2, stored, {})->data() == stored.data());
}

TEST_CASE("with a key its chunks are slices, under the same id and a longer length") {
    part_view view(part_of(2 * slice + 5), one());

    CHECK(view.sealed());
    CHECK(view.stored().id == part_of(1).id);
    CHECK(view.stored().length == 2 * chunk_size + bytes(33));
    CHECK(view.chunks(part_offset(0), part_offset(slice)) == chunk_range{.first = 0, .count = 1});
    CHECK(view.chunks(part_offset(slice - 1), part_offset(slice + 1)) ==
          chunk_range{.first = 0, .count = 2});
    CHECK(view.chunks(part_offset(slice), part_offset(2 * slice + 5)) ==
          chunk_range{.first = 1, .count = 2});
    CHECK(view.chunks(part_offset(9), part_offset(9)) == chunk_range{});
    CHECK(view.begin(2) == part_offset(2 * slice));
    CHECK(view.length(1) == slice_size);
    CHECK(view.length(2) == bytes(5));
}

TEST_CASE("a view opens what was sealed for its part, and nothing else") {
    const content_key key = one().content_key_for(part_of(5).id);
    std::vector<std::byte> plain(5, std::byte{42});
    std::vector<std::byte> sealed(33);
    const std::span all(sealed);
    chunk_sealer sealer(key);
    sealer.begin(0, all.first<12>());
    sealer.seal(plain, all.subspan(12, 5));
    sealer.finish(all.last<16>());
    std::vector<std::byte> memory(100);
    part_view right(part_of(5), one());
    part_view wrong(part_of(5), another());

    const auto opened = right.open(0, sealed, memory);
    REQUIRE(opened);
    CHECK(std::ranges::equal(*opened, plain));
    CHECK(opened->data() == memory.data());
    CHECK(!wrong.open(0, sealed, memory));
}

TEST_CASE("plaintext has bounded memory, and what comes back was wiped") {
    plaintext_buffers buffers;
    std::vector<plaintext_buffers::buffer> taken;
    while (auto got = buffers.take(slice_size)) taken.push_back(std::move(*got));

    CHECK(taken.size() == plaintext_buffers::bytes_max / slice);
    CHECK(buffers.taken() <= plaintext_buffers::bytes_max);
    taken.clear();
    CHECK(buffers.taken() == 0);

    const std::byte* place = nullptr;
    {
        auto used = buffers.take(slice_size);
        std::ranges::fill(used->memory(), std::byte{7});
        place = used->memory().data();
    }
    auto again = buffers.take(slice_size);
    REQUIRE(again->memory().data() == place);
    CHECK(std::ranges::count(again->memory(), std::byte{7}) == 0);
}
