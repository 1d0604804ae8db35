#include "engine/base/units.h"

#include <type_traits>

#include "tests/catch.h"

using namespace lode;
using namespace lode::literals;

TEST_CASE("amounts add and positions do not") {
    static_assert(!std::is_convertible_v<std::uint64_t, bytes>);
    static_assert(!std::is_convertible_v<bytes, std::uint64_t>);
    static_assert(!std::is_convertible_v<object_offset, part_offset>);

    const object_offset start(4096);

    CHECK((start + 1_KiB).value() == 5120);
    CHECK((start + 1_KiB) - start == 1_KiB);
    CHECK(1_MiB / 4_KiB == 256);
}

TEST_CASE("rounding up stops at the next multiple and leaves multiples alone") {
    CHECK(round_up(0_B, 4_KiB) == 0_B);
    CHECK(round_up(1_B, 4_KiB) == 4_KiB);
    CHECK(round_up(4095_B, 4_KiB) == 4_KiB);
    CHECK(round_up(4096_B, 4_KiB) == 4_KiB);
    CHECK(round_up(4097_B, 4_KiB) == 8_KiB);
    CHECK(ceil_div(4097_B, 4_KiB) == 2);
}
