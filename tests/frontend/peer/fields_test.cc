#include "frontend/peer/fields.h"

#include <array>

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::peer;

namespace {

constexpr std::array<std::string_view, 4> known_names = {"a", "b", "c", "d"};

}  // namespace

TEST_CASE("fields read as they were written") {
    std::string text;
    field_writer(text)
        .add("a", "x y&=%/\n")
        .add("b", std::uint64_t{18446744073709551615U})
        .add_some("d", "")
        .add_hex("c", hash128{.high = 1, .low = 0xfedcba9876543210});

    field_reader fields(text, known_names);

    CHECK(text ==
          "a=x%20y%26%3D%25%2F%0A&b=18446744073709551615&"
          "c=0000000000000001fedcba9876543210");
    CHECK(fields.raw_text("a", 8) == "x y&=%/\n");
    CHECK(fields.number("b", ~std::uint64_t{0}) == ~std::uint64_t{0});
    CHECK(fields.hex128("c") == hash128{.high = 1, .low = 0xfedcba9876543210});
    CHECK(!fields.has("d"));
    CHECK(fields.text("d", 5, field_reader::may_be::empty).empty());
    CHECK(fields.good());
}

TEST_CASE("a field that is not known_names, occurs twice or has no value is refused") {
    for (const auto* text : {"", "a", "=1", "e=1", "a=1&", "&a=1", "a=1&&b=2", "a=1&e=2",
                             "a=1&b=2&a=1", "A=1", "a%=1"}) {
        CAPTURE(text);
        const field_reader fields(text, known_names);
        CHECK(!fields.good());
        CHECK(fields.problem().ends_with("."));
    }
}

TEST_CASE("the first thing that is wrong is told, and everything after it reads as nothing") {
    field_reader fields("a=1&b=x&c=5", known_names);

    CHECK(fields.number("a", 9) == 1);
    CHECK(fields.number("b", 9) == 0);
    CHECK(fields.number("c", 9) == 0);
    CHECK(fields.number("d", 9) == 0);
    CHECK(fields.problem() == "Its field \"b\" is no number, or beyond its limit.");
}

TEST_CASE("a text is within its length, below, at and above") {
    const auto read = [](std::string_view text) {
        field_reader fields(text, known_names);
        const std::string value = fields.text("a", 3);
        return std::pair(value, fields.good());
    };

    CHECK(read("a=xy") == std::pair<std::string, bool>("xy", true));
    CHECK(read("a=xyz") == std::pair<std::string, bool>("xyz", true));
    CHECK(read("a=%78%79%7A") == std::pair<std::string, bool>("xyz", true));
    CHECK(read("a=xyzz") == std::pair<std::string, bool>("", false));
    CHECK(read("a=%78%79%7A%7A") == std::pair<std::string, bool>("", false));
    CHECK(read("a=") == std::pair<std::string, bool>("", false));
    CHECK(read("b=x") == std::pair<std::string, bool>("", false));
    CHECK(read("a=%7") == std::pair<std::string, bool>("", false));
}

TEST_CASE("only a key may hold control characters, and nothing a NUL") {
    field_reader key("a=x%0Ay&b=%00", known_names);
    CHECK(key.raw_text("a", 9) == "x\ny");
    CHECK(key.good());
    CHECK(key.raw_text("b", 9).empty());
    CHECK(!key.good());

    for (const auto* text : {"a=%0A", "a=%0D", "a=%00", "a=x%7F"}) {
        CAPTURE(text);
        field_reader fields(text, known_names);
        CHECK(fields.text("a", 9).empty());
        CHECK(!fields.good());
    }
    field_reader above("a=%C3%A4", known_names);
    CHECK(above.text("a", 9) == "\xC3\xA4");
}

TEST_CASE("a number has one spelling and a limit") {
    CHECK(decimal("0", 9) == 0);
    CHECK(decimal("9", 9) == 9);
    CHECK(decimal("18446744073709551615", ~std::uint64_t{0}) == ~std::uint64_t{0});
    for (const auto* text :
         {"", "10", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"}) {
        CAPTURE(text);
        CHECK(!decimal(text, 9));
    }
}

TEST_CASE("hexadecimal has all its digits, in lower case") {
    const auto reads = [](std::string_view text) {
        field_reader fields(text, known_names);
        (void)fields.hex64("a");
        return fields.good();
    };
    CHECK(reads("a=00000000000000ff"));
    CHECK(!reads("a=0000000000000ff"));
    CHECK(!reads("a=000000000000000ff"));
    CHECK(!reads("a=00000000000000FF"));
    CHECK(!reads("a=00000000000000fg"));
    field_reader fields("a=0000000000000001fedcba987654321", known_names);
    (void)fields.hex128("a");
    CHECK(!fields.good());
}

TEST_CASE("a word is one of those that are meant") {
    constexpr std::array<std::string_view, 2> words = {"yes", "no"};
    field_reader fields("a=no&b=maybe", known_names);
    CHECK(fields.word("a", words) == 1);
    CHECK(fields.good());
    CHECK(fields.word("b", words) == 0);
    CHECK(!fields.good());
}
