#include "cluster/jump_hash.h"

#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace lode::cluster {
namespace {

constexpr std::uint32_t keys = 100'000;

}  // namespace

TEST_CASE("one bucket has every key") {
    CHECK(jump_hash(0, 1) == 0);
    CHECK(jump_hash(0xffff'ffff'ffff'ffffU, 1) == 0);
}

TEST_CASE("the numbers are the paper's") {
    // From the reference code of the paper.
    CHECK(jump_hash(1, 1) == 0);
    CHECK(jump_hash(42, 57) == 43);
    CHECK(jump_hash(0xDEAD10CC, 1) == 0);
    CHECK(jump_hash(0xDEAD10CC, 666) == 361);
    CHECK(jump_hash(256, 1024) == 520);
}

TEST_CASE("a new bucket takes its share from all, and nothing else moves") {
    lode::random random(1);
    for (const std::uint32_t buckets : {3U, 10U, 100U}) {
        std::uint32_t moved = 0;
        for (std::uint32_t n = 0; n < keys; ++n) {
            const std::uint64_t key = random.next();
            const std::uint32_t before = jump_hash(key, buckets);
            const std::uint32_t after = jump_hash(key, buckets + 1);
            if (before == after) continue;
            REQUIRE(after == buckets);
            ++moved;
        }
        const double share = static_cast<double>(moved) / keys;
        CHECK(share > 0.9 / (buckets + 1));
        CHECK(share < 1.1 / (buckets + 1));
    }
}

}  // namespace lode::cluster
