#include "frontend/access/rules.h"

#include "tests/catch.h"

using namespace lode::frontend::access;
using reach = demand::reach;

namespace {

client_key with(std::vector<rule> rules) { return {.name = "n", .rules = std::move(rules)}; }

demand on(right needs, std::string bucket, std::string key) {
    return {
        .needs = needs, .where = reach::below, .bucket = std::move(bucket), .key = std::move(key)};
}

}  // namespace

TEST_CASE("a star in a pattern stands for any number of bytes") {
    CHECK(matches("train", "train"));
    CHECK(matches("*", ""));
    CHECK(matches("train-*", "train-"));
    CHECK(matches("*-eu-*", "a-eu-eu-b"));
    CHECK(matches("a*b*c", "a-b-b-c"));
    CHECK_FALSE(matches("train-*", "train"));
    CHECK_FALSE(matches("train", "training"));
    CHECK_FALSE(matches("a*b*c", "a-b-b"));
    CHECK_FALSE(matches("", "a"));
    CHECK_FALSE(matches("?rain", "train"));
}

TEST_CASE("what no rule allows is denied") {
    CHECK_FALSE(permits(with({}), on(right::read, "b", "k")));

    const auto reader = with({{.buckets = {"b"}, .read = true}});
    CHECK(permits(reader, on(right::read, "b", "k")));
    CHECK_FALSE(permits(reader, on(right::write, "b", "k")));
    CHECK_FALSE(permits(reader, on(right::admin, "b", "k")));
    CHECK_FALSE(permits(reader, on(right::read, "bb", "k")));
}

TEST_CASE("a prefix covers what begins with it, and neither the bucket nor less than the prefix") {
    const auto key = with({{.buckets = {"b"}, .prefixes = {"data/", "x"}, .read = true}});

    CHECK(permits(key, on(right::read, "b", "data/")));
    CHECK(permits(key, on(right::read, "b", "data/1")));
    CHECK(permits(key, on(right::read, "b", "xyz")));
    CHECK_FALSE(permits(key, on(right::read, "b", "data")));
    CHECK_FALSE(permits(key, on(right::read, "b", "datax/")));
    CHECK_FALSE(permits(key, on(right::read, "b", "Data/1")));
    CHECK_FALSE(permits(key, on(right::read, "b", "")));
}

TEST_CASE("rights of two rules do not combine over different buckets or prefixes") {
    const auto key = with({{.buckets = {"in"}, .read = true},
                           {.buckets = {"out"}, .prefixes = {"mine/"}, .write = true}});

    CHECK(permits(key, on(right::write, "out", "mine/1")));
    CHECK_FALSE(permits(key, on(right::write, "in", "mine/1")));
    CHECK_FALSE(permits(key, on(right::read, "out", "mine/1")));
    CHECK_FALSE(permits(key, on(right::write, "out", "1")));
}

TEST_CASE("everywhere needs a rule for all buckets and all keys") {
    const demand all{.needs = right::read, .where = reach::everywhere};

    CHECK(permits(with({{.buckets = {"*"}, .read = true}}), all));
    CHECK_FALSE(permits(with({{.buckets = {"*"}, .prefixes = {"a"}, .read = true}}), all));
    CHECK_FALSE(permits(with({{.buckets = {"b*"}, .read = true}}), all));
    CHECK_FALSE(permits(with({{.buckets = {"*"}, .write = true}}), all));
}

TEST_CASE("any right in a bucket is enough to touch it") {
    const demand touch{.needs = right::admin, .where = reach::touching, .bucket = "b"};

    CHECK(permits(with({{.buckets = {"b"}, .prefixes = {"a"}, .write = true}}), touch));
    CHECK_FALSE(permits(with({{.buckets = {"c"}, .admin = true}}), touch));
}

TEST_CASE("a ring takes each access key once") {
    key_ring ring;

    CHECK(ring.add({.name = "1", .access_key = "A", .secret_key = "one"}));
    CHECK_FALSE(ring.add({.name = "2", .access_key = "A", .secret_key = "two"}));

    CHECK(ring.size() == 1);
    CHECK(ring.secret_of("A") == "one");
    CHECK_FALSE(ring.secret_of("a").has_value());
    CHECK(ring.find("A")->name == "1");
}
