#include "bench/report/compared_target.h"

#include "tests/catch.h"

using namespace lode::bench;
using identity = compared_target::identity;

TEST_CASE("an endpoint is a name and a URL") {
    CHECK(parse_target("lode=http://127.0.0.1:9000") ==
          compared_target{.label = "lode", .url = "http://127.0.0.1:9000"});
    CHECK(parse_target("https://s3.example:8443")->label == "s3.example:8443");
}

TEST_CASE("what else must be known of it stands behind commas") {
    const auto all = parse_target(
        "a=http://h:1,pid=12+34,metrics=http://h:2/metrics?x=y,region=eu-1,auth=/etc/keys");

    REQUIRE(all);
    CHECK(all->pids == std::vector<pid_t>{12, 34});
    CHECK(all->metrics == "http://h:2/metrics?x=y");
    CHECK(all->region == "eu-1");
    CHECK(all->who == identity::file);
    CHECK(all->credentials == "/etc/keys");
    CHECK(parse_target("a=http://h:1,auth=anonymous")->who == identity::anonymous);
    CHECK(parse_target("a=http://h:1,auth=environment")->who == identity::environment);
}

TEST_CASE("what is no endpoint is refused by a sentence that names it") {
    CHECK(parse_target("lode").error().contains("expected NAME=URL"));
    CHECK(parse_target("").error().contains("expected NAME=URL"));
    CHECK(parse_target("a=http://").error().contains("expected NAME=URL"));
    for (const char* wrong : {"pid=", "pid=0", "pid=x", "pid=1+", "pid=-3", "speed=9", "auth="}) {
        INFO(wrong);
        CHECK_FALSE(parse_target(std::string("a=http://h:1,") + wrong));
    }
}

TEST_CASE("a URL with a password in it is refused, because reports show URLs") {
    CHECK(parse_target("a=http://me:secret@h:1").error() ==
          "a: a URL here has no credentials; auth= names them.");
}

TEST_CASE("turns go forward and backward in turn") {
    CHECK(turns_of_round(3, 1) == std::vector<std::size_t>{0, 1, 2});
    CHECK(turns_of_round(3, 2) == std::vector<std::size_t>{2, 1, 0});
    CHECK(turns_of_round(3, 3) == std::vector<std::size_t>{0, 1, 2});
}
