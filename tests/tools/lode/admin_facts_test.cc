#include "tools/lode/admin_facts.h"

#include "tests/catch.h"

using namespace lode::tools;

TEST_CASE("facts are lines of a name and a value") {
    const admin_facts facts("state complete\nbytes 12\nsilent n 1\nsilent n2\nodd\nbytes 13\n");

    CHECK(facts.text("state") == "complete");
    CHECK(facts.number("bytes") == 12U);
    CHECK(facts.all("silent") == std::vector<std::string>{"n 1", "n2"});
    CHECK_FALSE(facts.text("odd"));
    CHECK_FALSE(facts.number("state"));
    CHECK(facts.count("state") == 0);
    CHECK(facts.count("missing") == 0);
}

TEST_CASE("a page of objects has sizes, decoded keys, and the mark of the next page as it came") {
    const auto page = parse_object_page("0 a/b%20c+\n18446744073709551615 %C3%BC\nnext a%2Fb\n");

    REQUIRE(page);
    CHECK(page->objects ==
          std::vector<object_page::entry>{{"a/b c+", 0}, {"ü", 18446744073709551615U}});
    CHECK(page->next == "a%2Fb");
}

TEST_CASE("an empty page is one, and the last") {
    const auto page = parse_object_page("");

    REQUIRE(page);
    CHECK(page->objects.empty());
    CHECK(page->next.empty());
}

TEST_CASE("what is no page of objects is not taken for one") {
    for (const char* body : {"key\n", "x key\n", "-1 key\n", "1 %zz\n", "1 \n",
                             "18446744073709551616 k\n", "There is no bucket.\n"}) {
        CHECK_FALSE(parse_object_page(body));
    }
}
