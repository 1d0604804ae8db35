// What comes along with the gateway's word on an object that lode does not know.
#include "frontend/origin/first_bytes.h"

#include <algorithm>
#include <chrono>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "frontend/connection.h"
#include "tests/catch.h"
#include "tests/frontend/access/local_world.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most = origin::first_bytes::most;

std::string request_for(std::string_view target, std::string_view lines = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(lines) +
           "\r\n";
}

std::string range_of(std::size_t first, std::size_t last) {
    return "Range: bytes=" + std::to_string(first) + "-" + std::to_string(last) + "\r\n";
}

engine::task<void> speak(engine::stream& stream, std::string request) {
    (void)co_await engine::send_all(stream, std::as_bytes(std::span(request)));
    (void)co_await stream.finish_sending();
}

struct timed_answer {
    std::string text;
    std::string soon;  // what had come after a second
    duration took{0};
};

engine::task<void> timed(serving& here, std::string request, timed_answer& answer) {
    auto [ours, theirs] = engine::simulated_stream::make_pair({});
    connection server_side(here, std::move(theirs));
    engine::scope both;
    both.spawn(server_side.run());
    both.spawn(speak(*ours, std::move(request)));
    const time_point begun = engine::now();
    std::byte buffer[16384];
    for (;;) {
        auto got = co_await ours->receive(buffer);
        if (!got || *got == 0) break;
        answer.took = engine::now() - begun;
        answer.text.append(reinterpret_cast<const char*>(buffer), *got);
        if (answer.took < 1s) answer.soon = answer.text;
    }
    ours->abort();
    co_await both.close();
    co_await ours->close();
}

timed_answer get_timed(small_world& world, std::string_view target, std::string_view lines = {}) {
    timed_answer answer;
    world.run(timed(world.serving(), request_for(target, lines), answer));
    return answer;
}

engine::task<void> forget(serving& here, std::string key) {
    co_await here.gateway.forget({.scope = {},
                                  .bucket = "data",
                                  .key = std::move(key),
                                  .version_id = {},
                                  .customer_key = {}});
}

std::size_t count_fetches(const small_world& world) {
    return static_cast<std::size_t>(
        std::ranges::count_if(world.asked, [](const auto& r) { return r.is_fetch(); }));
}

// The first question is answered with this head and body, and the end of the connection.
void answer_first_with(small_world& world, std::string lines, std::string body) {
    world.instead = [lines, body, done = false](const origin_request&) mutable {
        std::optional<std::string> answer;
        if (!std::exchange(done, true)) {
            answer =
                "HTTP/1.1 206 Partial Content\r\n"
                "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n" +
                lines + "\r\n" + body;
        }
        return answer;
    };
}

std::string head_lines(std::string_view range, std::size_t length) {
    return "ETag: \"v1\"\r\nContent-Range: bytes " + std::string(range) +
           "\r\nContent-Length: " + std::to_string(length) + "\r\n";
}

}  // namespace

TEST_CASE("the first bytes of a miss are sent before anything is fetched") {
    small_world world;
    const std::string body = content(3 * mib + 5);
    world.objects["/data/k"] = {.body = body};
    world.fetch_thinks = 10s;

    const timed_answer answer = get_timed(world, "/data/k");

    CHECK(status_of(answer.soon) == 200);
    CHECK((body_of(answer.soon) == body.substr(0, most)));
    CHECK(header_of(answer.soon, "X-Cache") == "MISS");
    CHECK(header_of(answer.soon, "Cache-Status") == "\"n\"; fwd=miss; stored");
    CHECK((body_of(answer.text) == body));
    CHECK(world.asked[0].header("range") == "bytes=0-65535");
    world.rest();
    world.asked.clear();
    const std::string again = world.get("/data/k");
    CHECK(header_of(again, "X-Cache") == "HIT");
    CHECK((body_of(again) == body));
    CHECK(world.body_bytes() == 0);
}

TEST_CASE("the first bytes do not wait for the fill, and it does not wait for them") {
    small_world world;
    world.objects["/data/k"] = {.body = content(3 * mib)};
    world.thinks = 10s;

    const timed_answer answer = get_timed(world, "/data/k");

    // Two answers, one after the other.
    CHECK(answer.took >= 20s);
    CHECK(answer.took < 21s);
}

TEST_CASE("an object that the first bytes are all of costs one request") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, most - 1, most, most + 1}) {
        CAPTURE(size);
        small_world world;
        const std::string body = content(size);
        world.objects["/data/k"] = {.body = body};

        const std::string first = world.get("/data/k");
        const std::size_t requests = world.asked.size();
        const std::string second = world.get("/data/k");

        CHECK(header_of(first, "X-Cache") == "MISS");
        CHECK((body_of(first) == body));
        CHECK(requests == (size > most ? 2 : 1));
        CHECK(header_of(second, "X-Cache") == "HIT");
        CHECK((body_of(second) == body));
        CHECK(world.asked.back().status == 304);
        CHECK(world.asked.size() == requests + 1);
    }
}

TEST_CASE("a range asks for its own first bytes, and its part is brought in beside") {
    const std::string body = content(3 * mib);
    const auto middle = std::size_t{1'500'000};
    struct wanted {
        std::string line, asked;
        std::size_t first, end;
    };
    const wanted cases[] = {
        {range_of(middle, 1'999'999), "bytes=1500000-1565535", middle, 2'000'000},
        {range_of(middle, 1'500'099), "bytes=1500000-1500099", middle, middle + 100},
        {"Range: bytes=1500000-\r\n", "bytes=1500000-1565535", middle, body.size()},
        {"Range: bytes=3145727-\r\n", "bytes=3145727-3211262", body.size() - 1, body.size()},
        {range_of(7, 7), "bytes=7-7", 7, 8},
        {range_of(0, 0), "bytes=0-0", 0, 1},
        {"Range: bytes=-500000\r\n", "bytes=0-0", body.size() - 500'000, body.size()},
    };
    for (const auto& c : cases) {
        CAPTURE(c.line);
        small_world world;
        world.objects["/data/k"] = {.body = body};
        world.fetch_thinks = 10s;

        const timed_answer answer = get_timed(world, "/data/k", c.line);
        world.rest();

        CHECK(status_of(answer.text) == 206);
        CHECK(header_of(answer.text, "X-Cache") == "MISS");
        CHECK((body_of(answer.text) == body.substr(c.first, c.end - c.first)));
        CHECK(world.asked[0].header("range") == c.asked);
        const bool is_suffix = c.line.find("=-") != std::string::npos;
        const std::size_t soon = is_suffix ? 0 : std::min(most, c.end - c.first);
        CHECK(body_of(answer.soon).size() == soon);
        CHECK(world.fetched_bytes() == body.size());
        CHECK(header_of(world.get("/data/k"), "X-Cache") == "HIT");
    }
}

TEST_CASE("a range that begins beyond the end is the origin's to refuse") {
    small_world world;
    world.objects["/data/k"] = {.body = content(1000)};

    for (const char* line : {"Range: bytes=1000-\r\n", "Range: bytes=1000-2000\r\n",
                             "Range: bytes=18446744073709551615-\r\n"}) {
        CAPTURE(line);
        CHECK(status_of(world.get("/data/k", line)) == 416);
    }
    CHECK(count_fetches(world) == 0);
}

TEST_CASE(
    "first bytes that end at the border of a chunk or of a part are followed by the next byte") {
    const std::string body = content(4 * mib);
    const std::vector<std::vector<std::size_t>> layouts = {
        {}, {mib, mib, 2 * mib}, {most, 3 * mib, mib - most}, {100, 200, body.size() - 300}};
    for (const auto& parts : layouts) {
        for (const std::size_t first : {std::size_t{0}, std::size_t{50}, most, mib - most - 1,
                                        mib - most, mib - most + 1, mib - 1, 4 * mib - most}) {
            CAPTURE(parts, first);
            small_world world(1, {}, own_identity);
            world.objects["/data/k"] = {.body = body, .parts = parts};
            if (!parts.empty()) {
                world.objects["/data/k"].etag = "\"11111111111111111111111111111111-3\"";
            }
            const std::string line = "Range: bytes=" + std::to_string(first) + "-\r\n";

            const std::string answer = world.get("/data/k", line);
            const std::string whole = world.get("/data/k");

            CHECK((body_of(answer) == body.substr(first)));
            CHECK((body_of(whole) == body));
            CHECK(world.asked[0].header("range").starts_with("bytes=" + std::to_string(first)));
            CHECK(world.fetched_bytes() <= body.size());
        }
    }
}

TEST_CASE(
    "a version that changes behind the first bytes ends the response, and is never mixed in") {
    small_world world;
    const std::string old = content(3 * mib, 1);
    const std::string body = content(3 * mib, 2);
    world.objects["/data/k"] = {.body = old};
    world.instead = [&](const origin_request& r) -> std::optional<std::string> {
        if (r.is_fetch()) {
            world.objects["/data/k"] = {
                .body = body, .etag = "\"v2\"", .modified = "Sun, 06 Nov 1994 08:49:38 GMT"};
        }
        return std::nullopt;
    };

    const std::string broken = world.get("/data/k");
    const std::string next = world.get("/data/k");

    CHECK(header_of(broken, "Content-Length") == std::to_string(old.size()));
    CHECK((body_of(broken) == old.substr(0, most)));
    CHECK(header_of(next, "ETag") == "\"v2\"");
    CHECK((body_of(next) == body));
}

TEST_CASE("sixty-four clients of one cold object ask for its first bytes once") {
    for (const std::size_t size : {8 * mib, std::size_t{20'000}}) {
        for (const std::uint64_t seed : {1, 2, 3}) {
            CAPTURE(size, seed);
            small_world world(seed);
            const std::string body = content(size);
            world.objects["/data/k"] = {.body = body};
            world.thinks = 5ms;

            const auto answers =
                world.talk_all(std::vector<std::string>(64, request_for("/data/k")));

            for (const auto& answer : answers) CHECK((body_of(answer) == body));
            CHECK(std::ranges::count_if(world.asked, [](const auto& r) {
                      return !r.is_fetch() && r.body_out > 1;
                  }) == 1);
            const bool is_all = size <= most;
            CHECK(world.body_bytes() <= size + (is_all ? 0 : most) + 63);
            CHECK(count_fetches(world) == (is_all ? 0 : 1));
        }
    }
}

TEST_CASE(
    "an answer that is shared brings bytes to the one who asked, and the rest from the store") {
    local_world w;
    const std::string body = content(2 * mib);
    w.world.objects["/data/open/a"] = {.body = body};
    w.world.thinks = 1s;
    const std::vector<std::string> requests(8, signed_by(reader_key, {}));

    const auto answers = w.world.talk_all(requests);

    for (const auto& answer : answers) CHECK((body_of(answer) == body));
    CHECK(w.world.asked.size() < requests.size());
    CHECK(w.world.body_bytes() <= body.size() + most);
}

TEST_CASE("an origin that ignores ranges is asked as the client asked, and its bytes are right") {
    for (const std::size_t size : {std::size_t{1000}, 2 * mib}) {
        CAPTURE(size);
        small_world world;
        const std::string body = content(size);
        world.instead = [&](const origin_request&) {
            return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n"
                   "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: " +
                   std::to_string(size) + "\r\n\r\n" + body;
        };

        const std::string answer = world.get("/data/k");

        CHECK(status_of(answer) == 200);
        CHECK((body_of(answer) == body));
        REQUIRE(world.asked.size() == 2);
        CHECK(world.asked[1].header("range").empty());
    }
}

TEST_CASE("an answer about other bytes than were asked for is not used, nor what it says") {
    const std::string body = content(2 * mib);
    const std::string wrong(most, 'X');
    const std::pair<std::string, std::string> answers[] = {
        {head_lines("0-65535/2097152", 65536), wrong},          // not from where we asked
        {head_lines("101-65636/2097152", 65536), wrong},        // a byte further
        {head_lines("100-65636/2097152", 65537), wrong + "X"},  // more than we asked for
        {head_lines("100-65635/2097152", 1000), wrong},         // shorter than it says
        {head_lines("100-65635/1000", 65536), wrong},           // beyond its own end
        {"ETag: \"v1\"\r\nContent-Length: 65536\r\n", wrong},   // does not say
        {"Content-Range: bytes 100-65635/2097152\r\nContent-Length: 65536\r\n", wrong},  // no ETag
    };
    for (const auto& [lines, sent] : answers) {
        CAPTURE(lines);
        small_world world;
        world.objects["/data/k"] = {.body = body};
        answer_first_with(world, lines, sent);

        const std::string answer = world.get("/data/k", "Range: bytes=100-\r\n");

        CHECK((body_of(answer) == body.substr(100)));
        CHECK(world.asked[1].header("range") == "bytes=100-");
    }
}

TEST_CASE("first bytes that break off are followed by the others from a fetch") {
    for (const std::size_t size : {std::size_t{5000}, most, 3 * mib}) {
        for (const std::size_t came : {0, 1, 1000, 4999}) {
            CAPTURE(size, came);
            small_world world;
            const std::string body = content(size);
            world.objects["/data/k"] = {.body = body};
            const std::size_t length = std::min(size, most);
            answer_first_with(
                world,
                head_lines("0-" + std::to_string(length - 1) + "/" + std::to_string(size), length),
                body.substr(0, came));

            const std::string answer = world.get("/data/k");

            CHECK(header_of(answer, "X-Cache") == "MISS");
            CHECK((body_of(answer) == body));
            CHECK(count_fetches(world) == 1);
            CHECK(header_of(world.get("/data/k"), "X-Cache") == "HIT");
        }
    }
}

TEST_CASE("an object that changed is learned again with its first bytes") {
    small_world world;
    world.objects["/data/k"] = {.body = content(3 * mib, 1)};
    world.get("/data/k");
    const std::string body = content(3 * mib, 2);
    world.objects["/data/k"] = {
        .body = body, .etag = "\"v2\"", .modified = "Sun, 06 Nov 1994 08:49:38 GMT"};
    world.fetch_thinks = 10s;
    world.asked.clear();

    const timed_answer answer = get_timed(world, "/data/k");

    CHECK((body_of(answer.soon) == body.substr(0, most)));
    CHECK((body_of(answer.text) == body));
    REQUIRE(world.asked.size() == 3);
    CHECK(world.asked[0].status == 412);
    CHECK(world.asked[1].header("range") == "bytes=0-65535");
}

TEST_CASE("where bytes have a way of their own, the gateway is spared them") {
    for (const bool pointed : {false, true}) {
        CAPTURE(pointed);
        settings s;
        if (!pointed) s.origin.backends = {"http://b1:1"};
        small_world world(1, s);
        for (const char* key : {"/data/1", "/data/2"}) {
            world.objects[key] = {.body = content(1000)};
            if (pointed) world.objects[key].metadata = "x-lode-direct-path: http://d1:1\r\n";
            CHECK((body_of(world.get(key)) == content(1000)));
        }
        REQUIRE(world.asked.size() >= 2);
        CHECK(world.asked[world.asked.size() - 2].header("range") == "bytes=0-0");
        CHECK(world.asked.back().place == (pointed ? "d1:1" : "b1:1"));
    }
}

TEST_CASE("who cannot use first bytes does not ask for them") {
    for (const char* lines : {"Cache-Control: no-cache\r\n", "x-amz-checksum-mode: ENABLED\r\n",
                              "If-None-Match: \"other\"\r\n", "Range: bytes=-100\r\n"}) {
        CAPTURE(lines);
        small_world world;
        world.objects["/data/k"] = {.body = content(2 * mib)};

        world.get("/data/k", lines);

        CHECK(world.asked[0].header("range") == "bytes=0-0");
    }
}

TEST_CASE("where most of what is learned is here already, only one byte is asked for") {
    small_world world;
    constexpr int count = 30;
    const auto get = [&](int n) {
        const std::string key = "k" + std::to_string(n);
        world.objects["/data/" + key] = {.body = content(most, static_cast<std::uint64_t>(n))};
        if (n < count) world.run(forget(world.serving(), key));
        const std::string answer = world.get("/data/" + key);
        CHECK((body_of(answer) == content(most, static_cast<std::uint64_t>(n))));
        return header_of(answer, "X-Cache");
    };
    for (int n = 0; n < count; ++n) CHECK(get(n) == "MISS");
    world.asked.clear();

    for (int n = 0; n < count; ++n) CHECK(get(n) == "HIT");
    CHECK(world.body_bytes() <= 10 * most);
    CHECK(world.asked.back().header("range") == "bytes=0-0");

    // And again as soon as it is worth while.
    for (int n = count; n < 2 * count; ++n) CHECK(get(n) == "MISS");
    CHECK(world.asked.back().header("range") == "bytes=0-65535");
}

TEST_CASE("first bytes do not keep a connection that is needed to find out an object's parts") {
    settings s;
    s.origin.connections = 1;
    small_world world(1, s, own_identity);
    const std::string body = content(11 * mib);
    world.objects["/data/k"] = {.body = body,
                                .etag = "\"11111111111111111111111111111111-3\"",
                                .parts = {5 * mib, 5 * mib, mib}};

    const timed_answer answer = get_timed(world, "/data/k");

    CHECK((body_of(answer.text) == body));
    CHECK(answer.took < 1s);
}

TEST_CASE("no more first bytes wait at the same time than the limit") {
    origin::first_bytes_memory memory;
    std::vector<origin::first_bytes_memory::buffer> lent;
    for (std::size_t n = 0; n < origin::first_bytes_memory::lent_max; ++n) {
        lent.push_back(memory.take());
        CHECK(lent.back() != nullptr);
    }

    CHECK(memory.take() == nullptr);

    lent.pop_back();
    CHECK(memory.take() != nullptr);
}
