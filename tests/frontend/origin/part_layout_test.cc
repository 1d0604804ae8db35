#include "frontend/origin/part_layout.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;
using certainty = part_layout::certainty;

namespace {

constexpr std::uint64_t layout_mib = std::uint64_t{1} << 20U;

// Every part follows the one before, and each finds its own bytes.
void check_covers(const part_layout& layout) {
    object_offset at(0);
    for (std::uint32_t i = 0; i < layout.parts(); ++i) {
        const part_extent part = layout.at(i);
        REQUIRE(part.first == at);
        REQUIRE(part.length > bytes(0));
        CHECK(layout.part_with(part.first) == i);
        CHECK(layout.part_with(object_offset(part.end().value() - 1)) == i);
        at = part.end();
    }
    CHECK(at.value() == layout.size().count());
}

}  // namespace

TEST_CASE("an object that was uploaded in one piece is one part") {
    check_covers(part_layout::whole(bytes(1)));
    check_covers(part_layout::whole(bytes(100 * layout_mib)));
    const part_layout empty = part_layout::whole(bytes(0));
    CHECK(empty.parts() == 1);
    CHECK(empty.at(0) == part_extent{.first = object_offset(0), .length = bytes(0)});
}

TEST_CASE("a computed layout is the smallest whole number of MiB that gives that many parts") {
    struct expected {
        std::uint64_t size;
        std::uint32_t parts;
        std::uint64_t part;
    };
    for (const expected& e : std::vector<expected>{
             {100 * layout_mib, 13, 8 * layout_mib},
             {16 * layout_mib, 2, 8 * layout_mib},
             {16 * layout_mib + 1, 3, 6 * layout_mib},
             {10 * layout_mib + 1, 2, 6 * layout_mib},
             {2 * layout_mib + 2, 2, 2 * layout_mib},
             {layout_mib, 2, layout_mib / 2},  // no whole MiB gives two parts
             {10, 3, 4},
             {5 * layout_mib * 10'000, 10'000, 5 * layout_mib},
         }) {
        CAPTURE(e.size, e.parts);
        const part_layout layout = part_layout::computed(bytes(e.size), e.parts);
        CHECK(layout.parts() == e.parts);
        CHECK(layout.at(0).length == bytes(e.part));
        CHECK(layout.known() == certainty::computed);
        check_covers(layout);
    }
}

TEST_CASE("where no equal parts give that number, the object is one part") {
    // Parts of 2 make 5 parts, parts of 1 make 10.
    const part_layout layout = part_layout::computed(bytes(10), 7);
    CHECK(layout.parts() == 1);
    CHECK(layout.known() == certainty::computed);
    CHECK(part_layout::computed(bytes(3), 10'000).parts() == 1);
    CHECK(part_layout::computed(bytes(0), 2).parts() == 1);
}

TEST_CASE("a layout of given lengths has just those parts") {
    const std::vector<bytes> lengths{bytes(5), bytes(6), bytes(4), bytes(5)};
    const auto layout = part_layout::of_lengths(lengths);

    REQUIRE(layout);
    CHECK(layout->size() == bytes(20));
    CHECK(layout->parts() == 4);
    CHECK(layout->at(2) == part_extent{.first = object_offset(11), .length = bytes(4)});
    CHECK(layout->known() == certainty::exact);
    check_covers(*layout);
}

TEST_CASE("equal lengths and a shorter last one are kept as one number") {
    const auto layout = part_layout::of_lengths(std::vector<bytes>(9'999, bytes(8 * layout_mib)));
    REQUIRE(layout);
    CHECK(layout->memory() == 0);
    check_covers(*layout);
    const auto shorter = part_layout::of_lengths(std::vector<bytes>{bytes(8), bytes(8), bytes(3)});
    REQUIRE(shorter);
    CHECK(*shorter == part_layout::uniform(bytes(19), bytes(8), certainty::ends));
    const auto longer = part_layout::of_lengths(std::vector<bytes>{bytes(8), bytes(8), bytes(9)});
    REQUIRE(longer);
    CHECK(longer->at(2).length == bytes(9));
}

TEST_CASE("lengths that no upload can have are refused") {
    CHECK(!part_layout::of_lengths({}));
    CHECK(!part_layout::of_lengths(std::vector<bytes>{bytes(5), bytes(0), bytes(5)}));
    CHECK(part_layout::of_lengths(std::vector<bytes>(10'000, bytes(1))));
    CHECK(!part_layout::of_lengths(std::vector<bytes>(10'001, bytes(1))));
}

TEST_CASE("a layout around one part has that part, and the rest before and behind it") {
    struct place {
        std::uint64_t first;
        std::uint64_t length;
        std::uint32_t parts;
        std::uint32_t index;
    };
    for (const place& p : {place{0, 100, 1, 0}, place{0, 1, 2, 0}, place{0, 99, 2, 0},
                           place{1, 99, 2, 1}, place{99, 1, 2, 1}, place{1, 98, 3, 1}}) {
        CAPTURE(p.first, p.length);
        const part_extent part{.first = object_offset(p.first), .length = bytes(p.length)};
        const auto layout = part_layout::around(bytes(100), part);
        check_covers(layout);
        CHECK(layout.size() == bytes(100));
        CHECK(layout.parts() == p.parts);
        CHECK(layout.part_with(part.first) == p.index);
        CHECK(layout.at(p.index) == part);
        CHECK(!layout.numbered(1));
    }
}

TEST_CASE("only parts that are certain are given out by number") {
    const auto exact = *part_layout::of_lengths(std::vector<bytes>{bytes(5), bytes(6), bytes(4)});
    CHECK(exact.numbered(2) == part_extent{.first = object_offset(5), .length = bytes(6)});
    CHECK(!exact.numbered(0));
    CHECK(!exact.numbered(4));
    const auto ends = part_layout::uniform(bytes(20), bytes(5), certainty::ends);
    CHECK(ends.numbered(1));
    CHECK(!ends.numbered(2));
    CHECK(ends.numbered(4) == part_extent{.first = object_offset(15), .length = bytes(5)});
    CHECK(!part_layout::computed(bytes(20 * layout_mib), 4).numbered(1));
}
