#include "frontend/http/address_news.h"

#include "tests/catch.h"

using namespace lode::frontend::http;

TEST_CASE(
    "of an address that several cores cannot reach, the first one tells, and the first that can") {
    address_news news;

    CHECK(news.is_new("a", true));
    CHECK_FALSE(news.is_new("a", true));
    CHECK(news.is_new("b", true));
    CHECK(news.is_new("a", false));
    CHECK_FALSE(news.is_new("a", false));
    CHECK(news.is_new("a", true));
}

TEST_CASE("addresses that fail beyond a number are no news") {
    address_news news;
    for (std::size_t n = 0; n < address_news::most; ++n) {
        REQUIRE(news.is_new(std::to_string(n), true));
    }

    CHECK_FALSE(news.is_new("one more", true));
    CHECK_FALSE(news.is_new("one more", false));
    CHECK(news.is_new("0", false));
    CHECK(news.is_new("one more", true));
}
