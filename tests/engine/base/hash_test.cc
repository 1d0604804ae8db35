#include "engine/base/hash.h"

#include <set>
#include <string>

#include "engine/base/random.h"
#include "tests/catch.h"

using namespace lode;

namespace {

std::span<const std::byte> raw(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("XXH3 gives the published values for the empty input") {
    CHECK(xxh3_64({}) == 0x2d06800538d394c2U);
    CHECK(xxh3_128({}) == hash128{.high = 0x99aa06d3014798d8U, .low = 0x6001c324468d497fU});
}

// Of more than 240 bytes, the shorter hash is the lower half of the longer, which knows one kind of
// processor only.
TEST_CASE("a checksum is the same on every kind of processor") {
    lode::random chance(3);
    std::string text((std::size_t{1} << 20U) + 64, 'a');
    for (char& c : text) c = static_cast<char>(chance.next());

    for (const std::size_t length : {241U, 1023U, 1024U, 1025U, 4096U, 65'537U, 1U << 20U}) {
        for (const std::size_t from : {0U, 1U, 31U, 64U}) {
            const auto data = raw(text).subspan(from, length);
            CHECK(xxh3_64(data) == xxh3_128(data).low);
        }
    }
}

TEST_CASE("one flipped bit changes the checksum") {
    std::string text(1000, 'a');
    const auto before = xxh3_64(raw(text));

    text[999] ^= 1;

    CHECK(xxh3_64(raw(text)) != before);
}

TEST_CASE("a name built of fields depends on where one field ends and the next begins") {
    const auto split_early = hash128_builder().add("ab").add("c").finish();
    const auto split_late = hash128_builder().add("a").add("bc").finish();

    CHECK(split_early != split_late);
    CHECK(split_early == hash128_builder().add("ab").add("c").finish());
}

TEST_CASE("the same seed gives the same chance and another seed another") {
    lode::random a(7);
    lode::random b(7);
    lode::random c(8);

    std::set<std::uint64_t> seen;
    bool differs = false;
    for (int i = 0; i < 1000; ++i) {
        const auto drawn = a.next();
        CHECK(drawn == b.next());
        differs = differs || drawn != c.next();
        seen.insert(a.below(10));
        b.below(10);
        c.below(10);
    }

    CHECK(differs);
    CHECK(seen.size() == 10);
    CHECK(*seen.rbegin() == 9);
}
