// How long an older word of the origin is good enough, where the operator says so, and what ends that.
#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

settings one_minute() {
    settings s;
    s.auth.mode = auth_mode::trust;
    s.consistency.mode = consistency_mode::bounded;
    s.consistency.max_stale = 1min;
    return s;
}

const origin::object_name key_k{.scope = "", .bucket = "data", .key = "k", .version_id = ""};
const http::header host{.name = "Host", .value = "origin"};

// A GET of /data/k that lode has admitted.
struct admitted_get {
    admitted_get() {
        head.headers = {&host, 1};
        s3::classify({.method = head.method, .target = head.target, .headers = head.headers}, {},
                     what);
    }
    http::request_head head{.method = "GET", .target = "/data/k", .host = "origin"};
    s3::classified what;
};

engine::task<void> authorise(serving& here, duration after) {
    co_await engine::sleep_for(after);
    const admitted_get get;
    (void)co_await here.gateway.authorise(
        {.head = get.head, .what = get.what, .name = key_k, .who = origin::asker::lode});
}

engine::task<void> write(serving& here, duration after) {
    co_await engine::sleep_for(after);
    co_await here.gateway.written(key_k);
}

engine::task<void> three_reads_and_a_write(serving& here) {
    engine::scope all;
    all.spawn(authorise(here, 0s));
    all.spawn(authorise(here, 100ms));
    all.spawn(authorise(here, 200ms));
    all.spawn(write(here, 1500ms));
    co_await all.close();
}

}  // namespace

TEST_CASE("a word of the last minute is good enough, an older one is not") {
    small_world world(1, one_minute(), own_identity);
    world.objects["/data/k"] = {.body = content(1000)};
    world.run(authorise(world.serving(), 0s));
    const std::size_t questions = world.asked.size();

    world.run(authorise(world.serving(), 50s));
    CHECK(world.asked.size() == questions);
    world.run(authorise(world.serving(), 20s));
    CHECK(world.asked.size() > questions);
}

TEST_CASE("a word that was asked for before a write is not good enough after it, for nobody") {
    small_world world(1, one_minute(), own_identity);
    // Whoever is told of such a version has its layout to find yet.
    world.objects["/data/k"] = {.body = content(3U << 20U),
                                .etag = "\"11111111111111111111111111111111-2\"",
                                .parts = {2U << 20U, 1U << 20U}};
    world.thinks = 1s;
    // The second read asks at 1 s, and tells the third at 2 s what it has heard.
    world.run(three_reads_and_a_write(world.serving()));
    REQUIRE(world.serving().gateway.stats().shared.value() == 1);

    world.run(authorise(world.serving(), 0s));

    CHECK(world.serving().gateway.stats().recent.value() == 0);
}
