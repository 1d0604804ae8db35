#include "frontend/prestage.h"

#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::string_view one_byte = "Range: bytes=0-0\r\n";

engine::task<void> stop_and_measure(prestaging& prestages, duration& took) {
    const time_point asked = engine::now();
    co_await prestages.stop();
    took = engine::now() - asked;
}

}  // namespace

TEST_CASE("a HEAD with a range of one byte is answered at once and brings in the whole object") {
    small_world world(1, {}, own_identity);
    const std::string body = content(11 * mebibyte + 5);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {5 * mebibyte, 5 * mebibyte, mebibyte + 5}};

    const std::string head = world.ask("HEAD", "/data/k", one_byte);
    world.rest();
    world.asked.clear();
    const std::string answer = world.get("/data/k");

    CHECK(status_of(head) / 100 == 2);
    CHECK(header_of(head, "ETag") == "\"11111111111111111111111111111111-3\"");
    CHECK(body_of(head).empty());
    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK((body_of(answer) == body));
    CHECK(world.asked.size() == 1);
    const auto& stats = world.serving().prestages.stats();
    CHECK(stats.asked.value() == 1);
    CHECK(stats.complete.value() == 1);
    CHECK(stats.failed.value() == 0);
}

TEST_CASE("an object that is being brought in is not begun again") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(3 * mebibyte)};
    world.thinks = std::chrono::seconds(1);
    const std::string request =
        "HEAD /data/k HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(one_byte) + "\r\n";

    world.talk_all(std::vector<std::string>(8, request));
    world.rest();

    CHECK(world.serving().prestages.stats().asked.value() == 1);
    CHECK(world.serving().prestages.stats().complete.value() == 1);
}

TEST_CASE("an ordinary HEAD, one that may not be stored, and a refused one bring in nothing") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(mebibyte)};

    world.ask("HEAD", "/data/k");
    world.ask("HEAD", "/data/k", "Range: bytes=0-1\r\n");
    world.ask("HEAD", "/data/k", std::string(one_byte) + "Cache-Control: no-store\r\n");
    world.ask("HEAD", "/data/none", one_byte);
    world.rest();

    CHECK(world.serving().prestages.stats().asked.value() == 0);
    CHECK(header_of(world.get("/data/k"), "X-Cache") == "MISS");
}

TEST_CASE("what the origin does not give is a failure, and no more") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(mebibyte)};
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.method == "HEAD") return std::nullopt;
        return "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    };

    world.ask("HEAD", "/data/k", one_byte);
    world.rest(std::chrono::minutes(30));

    CHECK(world.serving().prestages.stats().failed.value() == 1);
}

TEST_CASE("an end does not wait for a part that an origin is slow to give") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(3 * mebibyte)};
    world.thinks = std::chrono::seconds(1);
    world.ask("HEAD", "/data/k", one_byte);
    world.thinks = std::chrono::minutes(20);
    world.rest(std::chrono::seconds(2));
    REQUIRE(world.serving().prestages.stats().complete.value() == 0);
    REQUIRE(world.serving().prestages.stats().failed.value() == 0);

    duration took{0};
    world.run(stop_and_measure(world.serving().prestages, took));

    CHECK(took < std::chrono::seconds(1));
    CHECK(world.serving().prestages.stats().failed.value() == 1);
}
