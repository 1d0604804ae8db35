#include "frontend/prestage.h"

#include <optional>
#include <string>

#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

namespace {

constexpr std::size_t one_mebibyte = std::size_t{1} << 20U;
constexpr std::string_view one_byte = "Range: bytes=0-0\r\n";

engine::task<void> follow(prestaging& prestages, std::string key, duration patience,
                          std::optional<prestaging::account>& told) {
    told = co_await prestages.follow({.scope = {}, .bucket = "data", .key = std::move(key)},
                                     engine::now() + patience);
}

std::optional<prestaging::account> account_of(small_world& world, const std::string& key,
                                              duration patience = std::chrono::minutes(1)) {
    std::optional<prestaging::account> told;
    world.run(follow(world.serving().prestages, key, patience, told));
    return told;
}

engine::task<void> begin(prestaging& prestages, std::string key) {
    prestages.begin({.scope = {}, .bucket = "data", .key = std::move(key)});
    co_return;
}

engine::task<void> stop_and_measure(prestaging& prestages, duration& took) {
    const time_point asked = engine::now();
    co_await prestages.stop();
    took = engine::now() - asked;
}

}  // namespace

TEST_CASE("a HEAD with a range of one byte is answered at once and brings in the whole object") {
    small_world world(1, {}, own_identity);
    const std::string body = content(11 * one_mebibyte + 5);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {5 * one_mebibyte, 5 * one_mebibyte, one_mebibyte + 5}};

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
    world.objects["/data/k"] = {.body = content(3 * one_mebibyte)};
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
    world.objects["/data/k"] = {.body = content(one_mebibyte)};

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
    world.objects["/data/k"] = {.body = content(one_mebibyte)};
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
    world.objects["/data/k"] = {.body = content(3 * one_mebibyte)};
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

TEST_CASE(
    "who asked for an object hears what was brought in, what was here, and what is not there") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(11 * one_mebibyte + 5),
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {5 * one_mebibyte, 5 * one_mebibyte, one_mebibyte + 5}};

    CHECK_FALSE(account_of(world, "k"));
    world.run(begin(world.serving().prestages, "k"));
    const auto first = account_of(world, "k");
    world.run(begin(world.serving().prestages, "k"));
    const auto second = account_of(world, "k");
    world.run(begin(world.serving().prestages, "none"));
    const auto none = account_of(world, "none");

    REQUIRE((first && second && none));
    CHECK(first->stands == prestaging::standing::complete);
    CHECK((first->parts == 3 && first->done == 3 && first->were_here == 0));
    CHECK(first->brought == bytes(11 * one_mebibyte + 5));
    CHECK(second->stands == prestaging::standing::complete);
    CHECK((second->were_here == 3 && second->brought == bytes(0)));
    CHECK(none->stands == prestaging::standing::no_such_object);
}

TEST_CASE("who does not want to wait hears that an object is under way, and later that it failed") {
    small_world world(1, {}, own_identity);
    world.objects["/data/k"] = {.body = content(one_mebibyte)};
    world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (r.method == "HEAD") return std::nullopt;
        return "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    };

    world.run(begin(world.serving().prestages, "k"));
    const auto now = account_of(world, "k", duration(0));
    const auto later = account_of(world, "k", std::chrono::minutes(30));

    REQUIRE((now && later));
    CHECK(now->stands == prestaging::standing::under_way);
    CHECK(later->stands == prestaging::standing::incomplete);
}

TEST_CASE(
    "of objects that have ended only so many are remembered, and those asked for again longer") {
    small_world world(1, {}, own_identity);
    prestaging& prestages = world.serving().prestages;
    for (const char* key : {"first", "second"}) {
        world.run(begin(prestages, key));
        account_of(world, key);
    }
    for (std::size_t n = 2; n <= prestaging::remembered_max; ++n) {
        world.run(begin(prestages, n == 2 ? "first" : std::to_string(n)));
        world.rest(std::chrono::milliseconds(20));
    }

    CHECK(account_of(world, "first"));
    CHECK(account_of(world, "second"));
    world.run(begin(prestages, "last"));
    account_of(world, "last");
    CHECK_FALSE(account_of(world, "second"));
    CHECK(account_of(world, "first"));
}
