// Whole runs of one core in the simulator: against a server whose every answer is decided here, on a clock
// that moves only when all wait.
#include "bench/load/load_core.h"

#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/simulated_stream.h"
#include "engine/runtime/simulation.h"
#include "frontend/http/head_writer.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using namespace std::chrono_literals;
using engine::task;
namespace http = frontend::http;

namespace {

// What the server does with its n-th request.
struct reaction {
    duration after{std::chrono::milliseconds(1)};
    unsigned status = 200;
    bool spoil = false;    // one byte of the body
    bool hang_up = false;  // no answer
    bool hang_up_afterwards = false;
};

class small_server final : public http::dialer {
  public:
    using script = std::function<reaction(std::uint64_t)>;

    small_server(const data_set& data, script s) : data_(data), script_(std::move(s)) {}

    task<result<http::dialed>> dial(time_point /*until*/) override {
        ++dialled;
        auto [client, server] = engine::simulated_stream::make_pair({});
        connections_.spawn(serve(std::move(server)));
        co_return http::dialed{.stream = std::move(client)};
    }

    task<void> close() { co_await connections_.close(); }

    unsigned dialled = 0;
    std::uint64_t asked = 0;

  private:
    task<void> serve(std::unique_ptr<engine::stream> with) {
        http::message_reader reader(*with, {});
        while (co_await answer(*with, reader)) {
        }
        co_await with->close();
    }

    task<bool> answer(engine::stream& with, http::message_reader& reader) {
        auto request = co_await reader.read_request();
        if (!request) co_return false;
        const std::string target(request->target);
        const bool put = request->method == "PUT";
        auto read = co_await reader.discard_body(bytes(1ULL << 30U));
        if (!read) co_return false;
        const reaction r = script_(asked++);
        co_await engine::sleep_for(r.after);
        if (r.hang_up) co_return false;

        std::vector<std::byte> body;
        if (r.status == 200 && !put) body = stored(target);
        if (r.spoil) body.at(body.size() / 2) ^= std::byte{0x10};
        std::string text;
        http::head_writer head(text);
        head.response(r.status).content_length(bytes(body.size())).field("X-Cache", "HIT");
        iovec pieces[] = {http::piece_of(head.end()), http::piece_of(body)};
        auto sent = co_await with.send(std::span(pieces).first(body.empty() ? 1 : 2));
        co_return sent.has_value() && !r.hang_up_afterwards;
    }

    std::vector<std::byte> stored(std::string_view target) const {
        std::uint64_t object = 0;
        const std::string_view digits = target.substr(target.rfind('/') + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), object);
        std::vector<std::byte> made(data_.size_of(object).count());
        data_.content_of(object).write(0, made);
        return made;
    }

    const data_set& data_;
    script script_;
    engine::scope connections_;
};

struct outcome {
    engine::simulation::outcome ended = engine::simulation::outcome::stuck;
    run_result seen;
    duration took{};
    std::uint64_t asked = 0;
    unsigned dialled = 0;
};

task<void> run_and_close(load_core& core, small_server& server) {
    co_await core.run();
    co_await server.close();
}

outcome run(const load_options& o, small_server::script script) {
    engine::simulation world(1);
    const data_set data(o.data);
    const time_point begin = world.clock().now() + o.warm_up;
    const run_plan plan{.options = o, .data = data, .begin = begin, .end = begin + o.measured};
    run_signals signals;
    recorder seen(plan.begin, plan.end);
    small_server server(data, std::move(script));
    const auto core = std::make_unique<load_core>(plan, server, signals, seen, core_share{});

    outcome found;
    found.ended = world.run(run_and_close(*core, server));
    found.took = world.clock().now() - begin;
    const recorder* const all[] = {&seen};
    recorder::merge(all, o.measured, found.seen);
    found.asked = server.asked;
    found.dialled = server.dialled;
    return found;
}

load_options one_connection() {
    load_options o;
    o.data.objects = 10;
    o.data.sizes = {{.size = bytes(1000)}};
    o.in_flight = 1;
    o.warm_up = duration::zero();
    o.measured = 2s;
    o.deadline = 5s;
    return o;
}

}  // namespace

TEST_CASE(
    "a stall is in the latencies of all who were due meanwhile, where arrivals are a schedule's") {
    load_options o = one_connection();
    o.arrivals = arrival_law::constant;
    o.rate = 100;
    // 10 ms apart; the 51st, due at 500 ms, takes a second.
    const auto stall = [](std::uint64_t n) { return reaction{.after = n == 50 ? 1s : 1ms}; };

    const outcome open = run(o, stall);
    o.arrivals = arrival_law::closed;
    const outcome closed = run(o, stall);

    REQUIRE(open.ended == engine::simulation::outcome::finished);
    // 100 were due while nothing was answered; then the backlog shrinks by 9 of 10 ms at a time.
    CHECK(open.seen.requests == 200);
    CHECK(open.seen.whole.most >= 1s);
    CHECK(open.seen.whole.most < 1010ms);
    CHECK(open.seen.whole.p50 > 100ms);
    CHECK(open.seen.whole.least < 5ms);
    CHECK(open.seen.errors.empty());
    // One connection that waits for its answer sees one slow request.
    REQUIRE(closed.ended == engine::simulation::outcome::finished);
    CHECK(closed.seen.whole.p99 < 5ms);
    CHECK(closed.seen.whole.most >= 1s);
}

TEST_CASE("what was due and never sent is an error, not forgotten") {
    load_options o = one_connection();
    o.arrivals = arrival_law::constant;
    o.rate = 100;

    const outcome seen = run(o, [](std::uint64_t) { return reaction{.after = 100ms}; });

    CHECK(seen.seen.requests < 21);
    CHECK(seen.seen.errors.at("due, never sent") + seen.seen.requests >= 198);
}

TEST_CASE("a run ends after its number of requests, whatever the warm-up did") {
    load_options o = one_connection();
    o.warm_up = 100ms;
    o.measured = std::chrono::hours(1);
    o.requests = 25;
    o.in_flight = 4;

    const outcome seen = run(o, [](std::uint64_t) { return reaction{}; });

    REQUIRE(seen.ended == engine::simulation::outcome::finished);
    CHECK(seen.seen.requests == 25);
    CHECK(seen.asked > 25);
    CHECK(seen.took < 200ms);
    CHECK(seen.dialled == 4);
}

TEST_CASE("one spoiled byte is found") {
    load_options o = one_connection();
    o.requests = 20;
    o.data.sizes = {{.size = bytes(200'000)}};
    const auto spoil = [](std::uint64_t n) { return reaction{.spoil = n == 7}; };

    o.verify = true;
    const outcome verified = run(o, spoil);
    o.verify = false;
    const outcome unread = run(o, spoil);

    CHECK(verified.seen.mismatches == 1);
    CHECK(verified.seen.requests == 19);
    CHECK(verified.seen.errors.at("other bytes") == 1);
    CHECK(verified.dialled == 1);
    CHECK(unread.seen.mismatches == 0);
    CHECK(unread.seen.received == bytes(20 * 200'000));
}

TEST_CASE("a server that hangs up is dialled again, after pauses that grow") {
    load_options o = one_connection();
    o.measured = 10s;

    const outcome seen = run(o, [](std::uint64_t) { return reaction{.hang_up = true}; });

    REQUIRE(seen.ended == engine::simulation::outcome::finished);
    CHECK(seen.seen.requests == 0);
    CHECK(seen.seen.errors.at("closed before the answer") == seen.dialled);
    CHECK(seen.dialled > 12);  // at least one a second, and those of the first second
    CHECK(seen.dialled < 40);
}

TEST_CASE("a connection that was closed while it was idle is dialled again, and that is no error") {
    load_options o = one_connection();
    o.measured = 10s;
    o.arrivals = arrival_law::constant;
    o.rate = 0.5;
    const auto leave = [](std::uint64_t) { return reaction{.hang_up_afterwards = true}; };

    const outcome idle = run(o, leave);
    o.rate = 20;
    const outcome busy = run(o, leave);

    CHECK(idle.seen.requests == 5);
    CHECK(idle.seen.errors.empty());
    CHECK(idle.dialled == 5);
    CHECK(busy.seen.errors.at("closed before the answer") > 50);
}

TEST_CASE("refusals are counted by what they say") {
    load_options o = one_connection();
    o.requests = 10;

    const outcome seen =
        run(o, [](std::uint64_t n) { return reaction{.status = n % 2 == 0 ? 200U : 503U}; });

    CHECK(seen.seen.requests == 5);
    CHECK(seen.seen.errors == std::map<std::string, std::uint64_t>{{"503", 5}});
    CHECK(seen.seen.words == cache_words{{"HIT", 5}});
    CHECK(seen.dialled == 1);
}

TEST_CASE(
    "a server that is silent costs each request its deadline, and the run not much more than its "
    "time") {
    load_options o = one_connection();
    o.deadline = 500ms;
    const outcome late = run(o, [](std::uint64_t) { return reaction{.after = 3s}; });
    o.deadline = 30s;
    const outcome never_answered = run(o, [](std::uint64_t) { return reaction{.after = 20s}; });

    CHECK(late.seen.errors.at("time-out") == 3);
    REQUIRE(never_answered.ended == engine::simulation::outcome::finished);
    CHECK(never_answered.seen.errors.empty());
}

TEST_CASE("an answer of another length is no success") {
    load_options o = one_connection();
    o.requests = 4;
    o.read = reading::ranges;  // and the server answers with the whole
    o.ranges = {{.size = bytes(100)}};

    const outcome seen = run(o, [](std::uint64_t) { return reaction{}; });

    CHECK(seen.seen.errors.at("the range was ignored") == 4);
}

TEST_CASE("uploads count what they send") {
    load_options o = one_connection();
    o.what = action::put;
    o.requests = 5;
    o.data.sizes = {{.size = bytes(150'000)}};

    const outcome seen = run(o, [](std::uint64_t) { return reaction{}; });

    CHECK(seen.seen.requests == 5);
    CHECK(seen.seen.sent == bytes(5 * 150'000));
    CHECK(seen.seen.received == bytes(0));
    CHECK(seen.seen.words.empty());
}
