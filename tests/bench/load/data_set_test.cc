#include "bench/load/data_set.h"

#include <cstdlib>
#include <map>

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

TEST_CASE("keys are a prefix and a number of fixed width") {
    const data_set data({.prefix = "shard-", .objects = 100});

    std::string key;
    data.append_key(42, key);

    CHECK(key == "shard-0000000042");
}

TEST_CASE("an object's parts lie one behind the other and are the object") {
    const data_set data({.objects = 1, .sizes = {{.size = bytes(50)}}, .part_size = bytes(15)});

    CHECK(data.parts_of(0) == 4);
    CHECK(data.part_of(0, 0) == extent{.begin = 0, .length = bytes(15)});
    CHECK(data.part_of(0, 2) == extent{.begin = 30, .length = bytes(15)});
    CHECK(data.part_of(0, 3) == extent{.begin = 45, .length = bytes(5)});
}

TEST_CASE("an object as long as a part, and one without parts, is one part") {
    const data_set exact({.objects = 1, .sizes = {{.size = bytes(15)}}, .part_size = bytes(15)});
    const data_set above({.objects = 1, .sizes = {{.size = bytes(16)}}, .part_size = bytes(15)});
    const data_set whole({.objects = 1, .sizes = {{.size = bytes(50)}}});

    CHECK(exact.parts_of(0) == 1);
    CHECK(above.parts_of(0) == 2);
    CHECK(whole.parts_of(0) == 1);
    CHECK(whole.part_of(0, 0) == extent{.begin = 0, .length = bytes(50)});
}

TEST_CASE("sizes of a mix come as often as their weights say, and stay with their object") {
    const data_options o{.objects = 100'000,
                         .sizes = {{.size = bytes(4096), .weight = 3}, {.size = bytes(65536)}}};
    const data_set data(o);
    const data_set again(o);
    std::map<bytes, int> seen;
    bool same = true;
    for (std::uint64_t i = 0; i < data.objects(); ++i) {
        ++seen[data.size_of(i)];
        same = same && data.size_of(i) == again.size_of(i);
    }

    CHECK(same);
    CHECK(data.largest() == bytes(65536));
    CHECK(seen.size() == 2);
    CHECK(std::abs(seen[bytes(4096)] - 75'000) < 700);  // five standard deviations
}

TEST_CASE("the draws of a mix have sharp borders") {
    const size_mix mix{{.size = bytes(1), .weight = 1},
                       {.size = bytes(2), .weight = 0},
                       {.size = bytes(3), .weight = 3}};
    constexpr std::uint64_t quarter = std::uint64_t{1} << 62U;

    CHECK(size_drawn(mix, 0) == bytes(1));
    CHECK(size_drawn(mix, quarter - 1) == bytes(1));
    CHECK(size_drawn(mix, quarter) == bytes(3));
    CHECK(size_drawn(mix, ~std::uint64_t{0}) == bytes(3));
}
