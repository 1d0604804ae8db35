#include "frontend/purge.h"

#include "tests/catch.h"
#include "tests/frontend/small_cluster.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

namespace {

engine::task<void> purge(serving& here, std::string key, result<purged>& done) {
    done = co_await purge_object(here, {.scope = {}, .bucket = "data", .key = std::move(key)},
                                 engine::now() + std::chrono::minutes(1));
}

engine::task<void> purge_all(serving& here, origin::object_listing page, duration patience,
                             purged& done) {
    done = co_await purge_listed(here, "data", page, engine::now() + patience);
}

result<purged> purge(small_world& world, const std::string& key) {
    result<purged> done = fail(errc::io);
    world.run(purge(world.serving(), key, done));
    return done;
}

}  // namespace

TEST_CASE("all parts of the current version are forgotten, and nothing else") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(11 * mebibyte + 5),
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {5 * mebibyte, 5 * mebibyte, mebibyte + 5}};
    world.objects["/data/other"] = {.body = content(mebibyte)};
    for (const char* target : {"/data/k", "/data/other"}) {
        world.get(target);
        world.rest();
    }

    const auto done = purge(world, "k");

    REQUIRE(done);
    CHECK((done->objects == 1 && done->chunks == 12 && done->silent.empty()));
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "MISS");
    CHECK(header_of(world.get("/data/other"), "X-Cache") == "HIT");
}

TEST_CASE("an object is forgotten by the peer that has it, which is none the worse for it") {
    small_cluster world(3);
    const std::string target = world.put_at(1, {.body = content(2 * mebibyte)});
    world.get(0, target);
    world.rest();
    const std::string key = target.substr(std::string_view("/data/").size());

    result<purged> done = fail(errc::io);
    world.run(purge(world.node(2).serving(), key, done));

    REQUIRE(done);
    CHECK((done->objects == 1 && done->chunks == 2 && done->silent.empty()));
    CHECK(world.seen(2, 1).counts.failed.value() == 0);
    CHECK(header_of(world.get(1, target), "X-Cache") == "MISS");
}

TEST_CASE("an object that nobody has, or that is empty, is forgotten with no chunk") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(100)};
    world.objects["/data/empty"] = {.body = ""};

    CHECK(purge(world, "k")->chunks == 0);
    CHECK(purge(world, "empty")->objects == 1);
    CHECK(purge(world, "none").error().code == errc::not_found);
}

TEST_CASE("of a page each object is forgotten, and those that cannot be are counted") {
    small_world world(1, {}, own_identity);
    origin::object_listing page;
    for (int n = 0; n < 20; ++n) {
        const std::string key = "k" + std::to_string(n);
        page.objects.push_back({key, bytes(100)});
        if (n == 7) continue;
        world.objects["/data/" + key] = {.body = content(100)};
        world.get("/data/" + key);
    }
    world.rest();

    purged done;
    world.run(purge_all(world.serving(), page, std::chrono::minutes(1), done));
    purged late;
    world.run(purge_all(world.serving(), page, duration(0), late));

    CHECK((done.objects == 19 && done.failed == 1 && done.chunks == 19));
    CHECK((late.objects == 0 && late.failed == 20));
}
