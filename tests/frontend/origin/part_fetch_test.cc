#include "frontend/origin/part_fetch.h"

#include <set>

#include "engine/runtime/scope.h"
#include "frontend/s3/sigv4.h"
#include "tests/catch.h"
#include "tests/frontend/small_world.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::origin;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t length = 300'000;

// Keeps what comes.
class memory_sink final : public engine::fill_sink {
  public:
    engine::task<result<std::span<std::byte>>> room() override {
        if (refuses) co_return fail(errc::no_space);
        co_return std::span(buffer_);
    }
    void advance(std::size_t n) override {
        text.append(reinterpret_cast<const char*>(buffer_.data()), n);
    }

    std::string text;
    bool refuses = false;

  private:
    std::array<std::byte, 10'000> buffer_{};
};

// One object, and what a fetch of it comes to.
struct fetching {
    explicit fetching(std::uint64_t seed = 1) : fetching({}, seed) {}
    explicit fetching(std::optional<s3::credentials> identity, std::uint64_t seed = 1)
        : world(seed, {}, std::move(identity)) {
        world.objects["/data/k"] = {.body = body};
        object_version v;
        v.etag = "\"v1\"";
        v.size = bytes(length);
        v.layout = part_layout::whole(v.size);
        version = std::make_shared<object_version>(v);
    }

    std::unique_ptr<part_fetch> source(fetch_request request = {.target = "/data/k",
                                                                .fields = {{"Host", "origin"}}}) {
        return std::make_unique<part_fetch>(world.serving().node.links, std::move(request), version,
                                            0);
    }

    static engine::task<void> run(part_fetch& from, part_offset first, bytes wanted,
                                  memory_sink& into, result<>& outcome) {
        outcome = co_await from.fetch(first, wanted, into);
    }

    result<> fetch(part_fetch& from, std::size_t first = 0, std::size_t wanted = length) {
        result<> outcome;
        const auto timed = [](fetching& me, part_fetch& from, part_offset first, bytes wanted,
                              result<>& outcome) -> engine::task<void> {
            const time_point begun = engine::now();
            co_await run(from, first, wanted, me.sink, outcome);
            me.took = engine::now() - begun;
        };
        world.run(timed(*this, from, part_offset(first), bytes(wanted), outcome));
        return outcome;
    }

    // Every question is answered so.
    void always(std::string status_and_fields) {
        world.instead = [=](const origin_request&) {
            return "HTTP/1.1 " + status_and_fields + "\r\nContent-Length: 0\r\n\r\n";
        };
    }

    small_world world;
    std::string body = content(length);
    version_ptr version;
    memory_sink sink;
    duration took{0};
};

}  // namespace

TEST_CASE("a fetch asks for exactly its bytes of exactly its version") {
    fetching f;
    const auto source = f.source();

    REQUIRE(f.fetch(*source, 1000, 2000).has_value());

    CHECK((f.sink.text == f.body.substr(1000, 2000)));
    REQUIRE(f.world.asked.size() == 1);
    CHECK(f.world.asked[0].header("range") == "bytes=1000-2999");
    CHECK(f.world.asked[0].header("if-match") == "\"v1\"");
}

TEST_CASE("a fetch that breaks off goes on at the byte that it reached") {
    fetching f;
    f.world.break_body_after = 100'001;
    const auto source = f.source();

    REQUIRE(f.fetch(*source).has_value());

    CHECK((f.sink.text == f.body));
    REQUIRE(f.world.asked.size() == 3);
    CHECK(f.world.asked[1].header("range") == "bytes=100001-299999");
    CHECK(f.world.asked[2].header("range") == "bytes=200002-299999");
    CHECK(f.world.asked[2].header("if-match") == "\"v1\"");
    CHECK(f.world.serving().data.fetches().requests.value() == 3);
    CHECK(f.world.serving().data.fetches().retries.value() == 2);
    CHECK(f.world.serving().data.fetches().resumes.value() == 2);
    CHECK(f.world.serving().data.fetches().given_up.value() == 0);
}

TEST_CASE("an origin that is busy or broken is asked again, a little later, not for ever") {
    const auto [status, code] = GENERATE(
        std::pair("503 Busy", errc::overloaded), std::pair("429 Slow", errc::overloaded),
        std::pair("500 Oops", errc::unavailable), std::pair("502 Gone", errc::unavailable));
    fetching f;
    f.always(status);
    const auto source = f.source();

    const auto outcome = f.fetch(*source);

    CHECK(outcome.error().code == code);
    CHECK(f.world.asked.size() == 5);
    CHECK(f.took >= 375ms);
    CHECK(f.took < 1s);
    CHECK(f.world.serving().data.fetches().retries.value() == 4);
    CHECK(f.world.serving().data.fetches().given_up.value() == 1);
}

TEST_CASE("what is final is not asked again") {
    const auto [status, code] = GENERATE(
        std::pair("401 Who", errc::denied), std::pair("403 No", errc::denied),
        std::pair("404 None", errc::not_found), std::pair("412 Other", errc::changed),
        std::pair("200 OK\r\nETag: \"v2\"", errc::changed), std::pair("400 Bad", errc::protocol),
        std::pair("206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 0-9/300000", errc::protocol),
        std::pair("206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 0-299999/300001", errc::changed));
    fetching f;
    f.always(status);
    const auto source = f.source();

    CHECK(f.fetch(*source).error().code == code);
    CHECK(f.world.asked.size() == 1);
}

TEST_CASE("a version that changes under a fetch ends it at once") {
    fetching f;
    f.world.break_body_after = 100'000;
    f.world.instead = [&](const origin_request& r) -> std::optional<std::string> {
        if (r.header("range").starts_with("bytes=0-")) return std::nullopt;
        f.world.objects["/data/k"].etag = "\"v2\"";
        return std::nullopt;
    };
    const auto source = f.source();

    CHECK(f.fetch(*source).error().code == errc::changed);
    CHECK(f.world.asked.size() == 2);
    CHECK((f.sink.text == f.body.substr(0, 100'000)));
}

TEST_CASE("a busy origin says how long to wait, up to five seconds") {
    const auto [asked, waited] =
        GENERATE(std::pair("2", 2s), std::pair("3600", 5s), std::pair("0", 0s),
                 std::pair("soon", 0s), std::pair("Sun, 06 Nov 1994 08:49:37 GMT", 0s),
                 std::pair("Fri, 31 Dec 2100 23:59:59 GMT", 5s));
    fetching f;
    f.world.instead = [&](const origin_request&) -> std::optional<std::string> {
        if (!f.world.asked.empty()) return std::nullopt;
        return "HTTP/1.1 503 Busy\r\nRetry-After: " + std::string(asked) +
               "\r\nContent-Length: 0\r\n\r\n";
    };
    const auto source = f.source();

    REQUIRE(f.fetch(*source).has_value());

    CHECK((f.sink.text == f.body));
    CHECK(f.took >= waited);
    CHECK(f.took < waited + 100ms);
}

TEST_CASE("what the sink refuses is not the origin's fault") {
    fetching f;
    f.sink.refuses = true;
    const auto source = f.source();

    CHECK(f.fetch(*source).error().code == errc::no_space);
    CHECK(f.world.asked.size() == 1);
}

namespace {

struct three {
    std::array<memory_sink, 3> sinks;
    std::array<result<>, 3> outcomes;
    duration took{0};
};

engine::task<void> fetch_three(part_fetch& from, three& out) {
    const time_point begun = engine::now();
    engine::scope all;
    for (std::size_t i = 0; i < 3; ++i) {
        all.spawn(fetching::run(from, part_offset(i * 100'000), bytes(100'000), out.sinks[i],
                                out.outcomes[i]));
    }
    co_await all.close();
    out.took = engine::now() - begun;
}

engine::task<void> abort_after(part_fetch& from, duration time) {
    co_await engine::sleep_for(time);
    from.abort();
}

engine::task<void> fetch_three_and_abort(part_fetch& from, duration time, three& out) {
    engine::scope both;
    both.spawn(fetch_three(from, out));
    both.spawn(abort_after(from, time));
    co_await both.close();
}

}  // namespace

TEST_CASE("several fetches of one source run at the same time, each into its sink") {
    fetching f;
    f.world.thinks = 1s;
    f.world.break_body_after = 60'000;
    const auto source = f.source();
    three seen;

    f.world.run(fetch_three(*source, seen));

    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(seen.outcomes[i].has_value());
        CHECK((seen.sinks[i].text == f.body.substr(i * 100'000, 100'000)));
    }
    CHECK(f.world.asked.size() == 6);
    CHECK(seen.took < 3s);
}

TEST_CASE("an abort ends every fetch, also those that wait to try again") {
    fetching f;
    f.always("503 Busy\r\nRetry-After: 5");
    const auto source = f.source();
    three seen;

    f.world.run(fetch_three_and_abort(*source, 10ms, seen));

    for (const auto& outcome : seen.outcomes) CHECK(outcome.error().code == errc::cancelled);
    CHECK(f.world.asked.size() == 3);
    CHECK(seen.took == 10ms);
    CHECK(f.fetch(*source).error().code == errc::cancelled);
    CHECK(f.world.asked.size() == 3);
}

TEST_CASE("an abort ends every fetch, also those that wait for an answer") {
    fetching f;
    f.world.thinks = 30s;
    const auto source = f.source();
    three seen;

    f.world.run(fetch_three_and_abort(*source, 10ms, seen));

    for (const auto& outcome : seen.outcomes) CHECK(outcome.error().code == errc::cancelled);
    CHECK(seen.took == 10ms);
}

TEST_CASE("our own requests are signed when they are sent, each time anew") {
    fetching f(s3::credentials{.access_key = "AK", .secret_key = "SK", .session_token = "TOK"});
    f.world.thinks = 50s;
    f.world.break_body_after = 200'000;
    const auto source = f.source(own_request({.bucket = "data", .key = "k"}));

    REQUIRE(f.fetch(*source).has_value());

    CHECK((f.sink.text == f.body));
    std::set<std::string> dates;
    std::set<std::string> signatures;
    for (const auto& question : f.world.asked) {
        dates.insert(question.header("x-amz-date"));
        signatures.insert(question.header("authorization"));
        CHECK(question.header("x-amz-security-token") == "TOK");
        CHECK(question.header("host") == "origin");
    }
    CHECK(dates.size() == f.world.asked.size());
    CHECK(signatures.size() == f.world.asked.size());
    CHECK(f.world.asked.size() >= 2);
}

TEST_CASE("our own request names its object in path style, encoded once") {
    CHECK(own_request({.bucket = "data", .key = "a b/c"}).target == "/data/a%20b/c");
    CHECK(own_request({.bucket = "data", .key = "k", .version_id = "v/1"}).target ==
          "/data/k?versionId=v%2F1");
}
