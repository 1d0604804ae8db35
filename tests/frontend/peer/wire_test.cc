#include "frontend/peer/wire.h"

#include "tests/catch.h"

using namespace lode::frontend::peer;

TEST_CASE("a path names a protocol and a word") {
    CHECK(path_of(12, "part") == "/lode/12/part");

    const auto path = parse_path("/lode/12/part?a=b?c");
    REQUIRE(path);
    CHECK(path->protocol == 12);
    CHECK(path->word == "part");
    CHECK(path->query == "a=b?c");
    CHECK(parse_path("/lode/4294967295/x")->protocol == 4294967295U);
    CHECK(parse_path("/lode/1/x")->query.empty());
}

TEST_CASE("what is no path of a peer is refused") {
    for (const auto* target :
         {"", "/", "*", "/lode", "/lode/1", "/lode/1/", "/lode/1/?a=b", "/lode//part",
          "/lode/0/part", "/lode/01/part", "/lode/+1/part", "/lode/x/part", "/lode/1x/part",
          "/lode/4294967296/part", "/lode/1/part/more", "/Lode/1/part", "/bucket/key"}) {
        CAPTURE(target);
        CHECK(!parse_path(target));
    }
}

TEST_CASE("the protocols that a node speaks read as they were written") {
    CHECK(text_of({.oldest = 1, .newest = 1}) == "1");
    CHECK(text_of({.oldest = 3, .newest = 4}) == "3-4");
    CHECK(parse_protocols("1") == protocol_range{.oldest = 1, .newest = 1});
    CHECK(parse_protocols("3-4") == protocol_range{.oldest = 3, .newest = 4});
    for (const auto* text : {"", "-", "0", "1-", "-1", "2-1", "1-1", "1-2-3", "a", "1,2"}) {
        CAPTURE(text);
        CHECK(!parse_protocols(text));
    }
}

TEST_CASE("a node speaks its own protocol and at most the one before") {
    CHECK(spoken_protocols.newest - spoken_protocols.oldest <= 1);
    CHECK(spoken_protocols.oldest >= 1);
}
