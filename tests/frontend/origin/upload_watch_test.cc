#include "frontend/origin/upload_watch.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;

namespace {

// MD5 of "a", "b" and "c", and of the sixteen bytes of those three after each other.
constexpr std::string_view md5_a = "\"0cc175b9c0f1b6a831c399e269772661\"";
constexpr std::string_view md5_b = "\"92eb5ffee6ae2fec3ad71c777531578f\"";
constexpr std::string_view md5_c = "\"4a8a08f09d37b73795649038408b5f33\"";
constexpr std::string_view etag_abc = "\"4054c6f7787ecb7b323323155b0c0583-3\"";

}  // namespace

TEST_CASE("the parts of a completed upload are known by the object's ETag") {
    upload_watch uploads;
    // In the order in which they happen to arrive.
    uploads.part_arrived("b/k", "u", 3, bytes(1), md5_c);
    uploads.part_arrived("b/k", "u", 1, bytes(7), md5_a);
    uploads.part_arrived("b/k", "u", 2, bytes(5), md5_b);
    CHECK(!uploads.layout_of("b/k", etag_abc));

    uploads.completed("b/k", "u");

    const auto layout = uploads.layout_of("b/k", etag_abc);
    REQUIRE(layout);
    CHECK(layout->parts() == 3);
    CHECK(layout->at(0).length == bytes(7));
    CHECK(layout->at(2) == part_extent{.first = object_offset(12), .length = bytes(1)});
    CHECK(uploads.uploads() == 0);
    // Another object, or another content, has other parts.
    CHECK(!uploads.layout_of("b/other", etag_abc));
    CHECK(!uploads.layout_of("b/k", "\"00000000000000000000000000000000-3\""));
}

TEST_CASE("a part that was uploaded twice counts once, with its last content") {
    upload_watch uploads;
    uploads.part_arrived("b/k", "u", 1, bytes(7), md5_b);
    uploads.part_arrived("b/k", "u", 2, bytes(5), md5_b);
    uploads.part_arrived("b/k", "u", 1, bytes(9), md5_a);
    uploads.part_arrived("b/k", "u", 3, bytes(1), md5_c);

    uploads.completed("b/k", "u");

    const auto layout = uploads.layout_of("b/k", etag_abc);
    REQUIRE(layout);
    CHECK(layout->at(0).length == bytes(9));
}

TEST_CASE("what did not pass by completely teaches nothing") {
    upload_watch uploads;
    uploads.part_arrived("b/k", "u", 1, bytes(7), md5_a);
    uploads.part_unknown("b/k", "u");
    uploads.part_arrived("b/k", "u", 3, bytes(5), "\"not an md5\"");
    uploads.completed("b/k", "u");
    uploads.completed("b/k", "never seen");
    uploads.part_arrived("b/k", "v", 1, bytes(7), md5_a);
    uploads.aborted("b/k", "v");
    uploads.completed("b/k", "v");

    CHECK(uploads.uploads() == 0);
    CHECK(uploads.taught() == 0);
}

TEST_CASE("uploads that are never completed do not fill the memory") {
    upload_watch uploads;
    for (int i = 0; i < 200'000; ++i) {
        uploads.part_arrived("b/k", std::to_string(i), 1, bytes(1), md5_a);
    }
    CHECK(uploads.uploads() < 60'000);
    CHECK(uploads.uploads() > 10'000);
}
