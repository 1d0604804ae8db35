#include "frontend/sealing/sealed_layout.h"

#include "tests/catch.h"
#include "tests/frontend/sealing/keys.h"

using namespace lode;
using namespace lode::frontend::sealing;

TEST_CASE("a sealed part is 28 bytes longer for each slice") {
    CHECK(slice == (1U << 20U) - 28);
    CHECK(sealed_length(bytes(0)) == bytes(0));
    CHECK(sealed_length(bytes(1)) == bytes(29));
    CHECK(sealed_length(bytes(slice - 1)) == bytes((1U << 20U) - 1));
    CHECK(sealed_length(bytes(slice)) == chunk_size);
    CHECK(sealed_length(bytes(slice + 1)) == chunk_size + bytes(29));
    CHECK(sealed_length(bytes(2 * slice)) == 2 * chunk_size);
    CHECK(sealed_length(bytes(5ULL << 40U)) ==
          bytes((5ULL << 40U) + ((5ULL << 40U) + slice - 1) / slice * 28));
}

TEST_CASE("a length that the store refuses stays one after sealing") {
    using engine::part_length_max;
    CHECK(sealed_length(part_length_max + bytes(1)) > part_length_max);
    CHECK(sealed_length(part_length_max) > part_length_max);
    CHECK(sealed_length(bytes(~std::uint64_t{0})) > part_length_max);
}

TEST_CASE("a byte of the plaintext is in the chunk of its slice") {
    CHECK(slice_of(part_offset(0)) == 0);
    CHECK(slice_of(part_offset(slice - 1)) == 0);
    CHECK(slice_of(part_offset(slice)) == 1);
    CHECK(slice_of(part_offset(2 * slice - 1)) == 1);
    CHECK(slice_begin(0) == part_offset(0));
    CHECK(slice_begin(5) == part_offset(5 * slice));
    CHECK(slice_begin(5'000'000) == part_offset(5'000'000 * slice));
}

TEST_CASE("slices and chunks are as many, and each chunk is its slice and 28 bytes") {
    for (const std::uint64_t plain : {std::uint64_t{1}, slice - 1, slice, slice + 1, 2 * slice - 1,
                                      2 * slice, 2 * slice + 1, 3 * slice + 4711}) {
        CAPTURE(plain);
        const bytes sealed = sealed_length(bytes(plain));
        const std::uint32_t chunks = engine::chunk_count(sealed);
        REQUIRE(chunks == slice_of(part_offset(plain - 1)) + 1);
        std::uint64_t total = 0;
        for (std::uint32_t n = 0; n < chunks; ++n) {
            CHECK(engine::chunk_length(sealed, n) == slice_length(bytes(plain), n) + seal_overhead);
            total += slice_length(bytes(plain), n).count();
        }
        CHECK(total == plain);
    }
}

TEST_CASE("whole chunks of a sealed part are whole slices of its plaintext") {
    const bytes sealed = sealed_length(bytes(2 * slice + 5));
    CHECK(plain_range_of(part_offset(0), sealed) ==
          plain_range{.first = part_offset(0), .length = bytes(2 * slice + 5)});
    CHECK(plain_range_of(engine::chunk_begin(1), chunk_size) ==
          plain_range{.first = part_offset(slice), .length = bytes(slice)});
    CHECK(plain_range_of(engine::chunk_begin(2), bytes(33)) ==
          plain_range{.first = part_offset(2 * slice), .length = bytes(5)});
    CHECK(plain_range_of(part_offset(0), bytes(29)) ==
          plain_range{.first = part_offset(0), .length = bytes(1)});
}
