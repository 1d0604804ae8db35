#include "tools/lode-origin/users.h"

#include "tests/catch.h"

using namespace lode::dev_origin;

TEST_CASE("a user without rights may do nothing") {
    const auto u = parse_user("eve:KEY:secret:none");

    REQUIRE(u.has_value());
    CHECK(u->name == "eve");
    CHECK(u->access_key == "KEY");
    CHECK(u->secret_key == "secret");
    CHECK_FALSE(u->may(action::read, "bucket", "key"));
    CHECK_FALSE(u->may(action::write, "bucket", "key"));
    CHECK_FALSE(u->may(action::administer, "bucket", ""));
    CHECK_FALSE(u->sees("bucket"));
}

TEST_CASE("each word grants what it says and no more") {
    const auto reader = parse_user("r:K:s:read");
    const auto writer = parse_user("w:K:s:write");
    const auto owner = parse_user("o:K:s:full");

    REQUIRE((reader && writer && owner));
    CHECK(reader->may(action::read, "b", "k"));
    CHECK_FALSE(reader->may(action::write, "b", "k"));
    CHECK_FALSE(reader->may(action::administer, "b", ""));
    CHECK_FALSE(writer->may(action::read, "b", "k"));
    CHECK(writer->may(action::write, "b", "k"));
    CHECK_FALSE(writer->may(action::administer, "b", ""));
    CHECK(owner->may(action::read, "b", "k"));
    CHECK(owner->may(action::write, "b", "k"));
    CHECK(owner->may(action::administer, "b", ""));
}

TEST_CASE("a right at a prefix ends where the prefix ends") {
    const auto u = parse_user("u:K:s:read@data/train/,write@out");

    REQUIRE(u.has_value());
    CHECK(u->may(action::read, "data", "train/1"));
    CHECK(u->may(action::read, "data", "train/"));
    CHECK_FALSE(u->may(action::read, "data", "train"));
    CHECK_FALSE(u->may(action::read, "data", "trainer/1"));
    CHECK_FALSE(u->may(action::read, "data", ""));
    CHECK_FALSE(u->may(action::read, "data2", "train/1"));
    CHECK(u->may(action::write, "out", "anything"));
    CHECK_FALSE(u->may(action::write, "data", "train/1"));
    CHECK(u->sees("data"));
    CHECK(u->sees("out"));
    CHECK_FALSE(u->sees("other"));
}

TEST_CASE("descriptions that cannot be meant are refused") {
    for (const auto* text : {"", "a", "a:b:c", "a:b:c:", ":b:c:read", "a:b:c:reed", "a:b:c:read@",
                             "a:b:c:read@X", "a:b:c:read,", "a:b:c:read@b:x", "a:b:c:none,read"}) {
        INFO(text);
        CHECK_FALSE(parse_user(text).has_value());
    }
}

TEST_CASE("an access key belongs to one user") {
    user_table users;
    REQUIRE(users.add(*parse_user("a:K:s1:read")));

    CHECK_FALSE(users.add(*parse_user("b:K:s2:full")));
    CHECK(users.secret_of("K") == "s1");
    CHECK_FALSE(users.secret_of("L").has_value());
}
