#include <algorithm>

#include "frontend/connection.h"
#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;

namespace {

constexpr std::size_t limit = 5;

settings limited() {
    settings s;
    s.limits.requests = limit;
    return s;
}

std::string object_read(std::string_view key, std::string_view lines = {}) {
    return "GET /data/" + std::string(key) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
           std::string(lines) + "\r\n";
}

// Different objects, so that each request has something to ask of the origin.
std::vector<std::string> requests(small_world& world, std::size_t count) {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string key = "k" + std::to_string(i);
        world.objects["/data/" + key] = {.body = content(1000, i)};
        made.push_back(object_read(key));
    }
    return made;
}

std::size_t count_status(const std::vector<std::string>& answers, unsigned status) {
    return static_cast<std::size_t>(std::ranges::count_if(
        answers, [&](const std::string& answer) { return status_of(answer) == status; }));
}

}  // namespace

TEST_CASE("as many requests as the limit allows are all answered") {
    small_world world(1, limited());
    world.thinks = std::chrono::milliseconds(100);

    const auto answers = world.talk_all(requests(world, limit));

    CHECK(count_status(answers, 200) == limit);
    CHECK(world.serving().requests.turned_away.value() == 0);
    CHECK(world.serving().requests.in_flight.value() == 0);
}

TEST_CASE("of one more than the limit exactly one is refused, and none is lost") {
    small_world world(1, limited());
    world.thinks = std::chrono::milliseconds(100);

    const auto answers = world.talk_all(requests(world, limit + 1));

    CHECK(count_status(answers, 200) == limit);
    REQUIRE(count_status(answers, 503) == 1);
    const auto refused = std::ranges::find_if(
        answers, [](const std::string& answer) { return status_of(answer) == 503; });
    CHECK(body_of(*refused).find("<Code>SlowDown</Code>") != std::string::npos);
    CHECK(header_of(*refused, "Retry-After") == "1");
    CHECK(header_of(*refused, "Connection").empty());
    CHECK(world.serving().requests.turned_away.value() == 1);
    CHECK(world.serving().requests.in_flight.value() == 0);
    // Nothing was asked for the sake of the one that was refused.
    const auto number = static_cast<std::size_t>(refused - answers.begin());
    for (const auto& question : world.asked) {
        CHECK(question.target != "/data/k" + std::to_string(number));
    }
}

TEST_CASE("every kind of request can be refused") {
    small_world world(1, limited());
    world.objects["/data/k0"] = {.body = content(1000)};
    counter& in_flight = world.serving().requests.in_flight;
    const std::string put =
        "PUT /data/new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc";
    const std::string list = "GET /?x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const std::string head = "HEAD /data/k0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    in_flight.set(limit);
    for (const std::string& one : {put, list, head, object_read("k0")}) {
        CAPTURE(one);
        CHECK(status_of(world.talk(one)) == 503);
    }

    CHECK(body_of(world.talk(head)).empty());
    CHECK(world.asked.empty());
    in_flight.set(limit - 1);
    CHECK(status_of(world.talk(put)) == 200);
    CHECK(status_of(world.talk(object_read("k0"))) == 200);
    CHECK(in_flight.value() == limit - 1);
}

TEST_CASE("a connection whose request was refused carries the next one") {
    small_world world(1, limited());
    world.serving().requests.in_flight.set(limit);
    const auto how_many = [](const std::string& text) {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = text.find("<Code>SlowDown</Code>", at)) != std::string::npos;
             ++at) {
            ++count;
        }
        return count;
    };
    const std::string put = "PUT /data/new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ";

    const std::string small =
        world.talk(put + "3\r\n\r\nabc" + object_read("k0") + object_read("k1"));
    const std::string large =
        world.talk(put + "300000\r\n\r\n" + std::string(300'000, 'x') + object_read("k0"));
    const std::string invited =
        world.talk(put + "3\r\nExpect: 100-continue\r\n\r\nabc" + object_read("k0"));

    CHECK(how_many(small) == 3);
    CHECK(header_of(small, "Connection").empty());
    // A body that is too long to be read for nothing, or may never come, ends the connection.
    for (const std::string& ended : {large, invited}) {
        CHECK(how_many(ended) == 1);
        CHECK(header_of(ended, "Connection") == "close");
        CHECK(status_of(ended) == 503);
    }
}

TEST_CASE("hits are bounded like everything else, and come back when the crowd is gone") {
    small_world world(1, limited());
    auto all = requests(world, 4 * limit);
    for (const std::string& one : all) world.talk(one);
    world.thinks = std::chrono::milliseconds(10);

    const auto answers = world.talk_all(all);

    CHECK(count_status(answers, 200) == limit);
    CHECK(count_status(answers, 503) == 3 * limit);
    for (const std::string& one : all) CHECK(status_of(world.talk(one)) == 200);
}
