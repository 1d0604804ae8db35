#include "bench/load/content.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

std::vector<std::byte> written(const content& of, std::uint64_t from, std::size_t length) {
    std::vector<std::byte> made(length);
    of.write(from, made);
    return made;
}

}  // namespace

TEST_CASE("any range of an object is what stands there when the object is written whole") {
    const content object(7, 42);
    const auto whole = written(object, 0, 5000);
    lode::random chance(1);

    for (int i = 0; i < 500; ++i) {
        const std::size_t from = chance.below(4900);
        const std::size_t length = chance.below(100);
        const auto part = written(object, from, length);
        REQUIRE(std::equal(part.begin(), part.end(),
                           whole.begin() + static_cast<std::ptrdiff_t>(from)));
    }
}

TEST_CASE("content is the same on every run") {
    // Objects that an earlier lode-bench uploaded are read by a later one.
    const auto first = written(content(1, 0), 0, 8);

    std::uint64_t word = 0;
    std::memcpy(&word, first.data(), sizeof word);
    CHECK(word == 0x563bc3a4a9802f9bU);
}

TEST_CASE("bytes of another object, seed or place are other bytes") {
    const auto here = written(content(1, 5), 4096, 64);

    CHECK(here != written(content(1, 6), 4096, 64));
    CHECK(here != written(content(2, 5), 4096, 64));
    CHECK(here != written(content(1, 5), 4104, 64));
    CHECK(here != written(content(1, 5), 4096 + (std::uint64_t{1} << 32U), 64));
}

TEST_CASE("every byte value is about as frequent as any other") {
    const auto sample = written(content(1, 1), 0, std::size_t{1} << 20U);
    std::vector<std::size_t> seen(256);
    for (const std::byte b : sample) ++seen[static_cast<std::size_t>(b)];

    const auto [least, most] = std::ranges::minmax(seen);
    CHECK(least > 4096 - 5 * 64);  // five standard deviations
    CHECK(most < 4096 + 5 * 64);
}

TEST_CASE("the first byte that differs is found, wherever it is") {
    const content object(3, 9);
    for (const std::uint64_t from :
         {std::uint64_t{0}, std::uint64_t{13}, std::uint64_t{1} << 40U}) {
        auto data = written(object, from, 20'000);
        CHECK(object.first_difference(from, data) == std::nullopt);
        for (const std::size_t place : {0UZ, 1UZ, 8191UZ, 8192UZ, 19'999UZ}) {
            data[place] ^= std::byte{1};
            CHECK(object.first_difference(from, data) == place);
            data[place] ^= std::byte{1};
        }
    }
}
