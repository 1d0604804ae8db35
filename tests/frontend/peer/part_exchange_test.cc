#include "frontend/peer/part_exchange.h"

#include "tests/catch.h"
#include "tests/frontend/peer/two_nodes.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using want_kind = part_question::want_kind;

namespace {

part_question question_to_b(want_kind want = want_kind::bytes) {
    part_question q{.name = {.bucket = "train", .key = "shard-1.tar"},
                    .etag = "\"abc\"",
                    .last_modified = "Sun, 06 Nov 1994 08:49:37 GMT",
                    .size = bytes(1000),
                    .part = {.first = object_offset(0), .length = bytes(1000)},
                    .id = {.high = 7, .low = 8},
                    .first = part_offset(100),
                    .end = part_offset(300),
                    .want = want};
    if (want != want_kind::bytes) q.first = q.end = part_offset(0);
    return q;
}

struct outcomes {
    std::vector<result<part_reply>> replies;
    std::vector<std::string> bodies;
};

task<void> ask_several(two_nodes& world, http::connection_pool& pool,
                       std::vector<part_question> questions, outcomes& seen) {
    for (const part_question& q : questions) {
        auto lease = co_await pool.acquire(soon());
        if (!lease) {
            seen.replies.emplace_back(std::unexpected(lease.error()));
            continue;
        }
        auto reply = co_await ask(**lease, q, soon());
        seen.replies.push_back(reply);
        std::string body;
        if (reply) {
            body.resize(reply->length.count());
            if (!body.empty()) {
                auto got = co_await (*lease)->reader().read_body_full(
                    std::as_writable_bytes(std::span(body)));
                LODE_ASSERT(got && *got == body.size());
            }
            lease->keep();
        }
        seen.bodies.push_back(body);
    }
    co_await close_all(world, pool);
}

outcomes ask_all(two_nodes& world, std::vector<part_question> questions) {
    simulation in(1);
    auto pool = pool_of(world);
    outcomes seen;
    const auto how = in.run(ask_several(world, *pool, std::move(questions), seen));
    REQUIRE(how == simulation::outcome::finished);
    return seen;
}

errc failure_when(meddler there, meddler back, want_kind want = want_kind::bytes) {
    two_nodes world;
    world.on_the_way_there = std::move(there);
    world.on_the_way_back = std::move(back);
    const outcomes seen = ask_all(world, {question_to_b(want)});
    REQUIRE(seen.replies.size() == 1);
    REQUIRE(!seen.replies[0]);
    return seen.replies[0].error().code;
}

meddler change(std::string from, std::string to) {
    return {.from = std::move(from), .to = std::move(to), .messages = {}};
}

}  // namespace

TEST_CASE("questions and answers follow each other on one connection") {
    two_nodes world;

    const outcomes seen = ask_all(world, {question_to_b(), question_to_b(want_kind::held),
                                          question_to_b(want_kind::fill), question_to_b()});

    REQUIRE(seen.replies.size() == 4);
    for (const auto& reply : seen.replies) REQUIRE(reply);
    CHECK(world.dialed == 1);
    CHECK(seen.replies[0]->status == 206);
    CHECK(seen.bodies[0] == std::string(200, 'x'));
    CHECK(seen.replies[0]->said.word == cache_word::hit);
    CHECK(seen.replies[1]->status == 200);
    CHECK(seen.replies[1]->said.held == engine::presence{1, 2, 0, 3});
    CHECK(seen.replies[2]->status == 200);
    CHECK(seen.bodies[3] == std::string(200, 'x'));
}

TEST_CASE("a refusal of the question is an answer, too, and the connection goes on") {
    two_nodes world;
    world.status = status_of(errc::overloaded);

    const outcomes seen = ask_all(world, {question_to_b(), question_to_b()});

    REQUIRE(seen.replies[0]);
    REQUIRE(seen.replies[1]);
    CHECK(meaning_of(seen.replies[0]->status) == errc::overloaded);
    CHECK(world.dialed == 1);
}

TEST_CASE("a question that was changed on its way is refused, and so is its connection") {
    CHECK(failure_when(change("shard-1", "shard-2"), {}) == errc::denied);
    CHECK(failure_when(change("Range: bytes=100-299", "Range: bytes=0-999"), {}) == errc::denied);
    CHECK(failure_when(change("Range:", "Ranga:"), {}) == errc::denied);
    CHECK(failure_when(change("want=bytes", "want=fill"), {}) == errc::denied);
    CHECK(failure_when(change("GET /lode/1/part", "PUT /lode/1/part"), {}) == errc::denied);
}

TEST_CASE("an answer that was changed on its way is not believed") {
    CHECK(failure_when({}, change("206 Partial Content", "200 OK")) == errc::denied);
    CHECK(failure_when({}, change("206 Partial Content", "404 Not Found")) == errc::denied);
    CHECK(failure_when({}, change("Content-Length: 200", "Content-Length: 100")) == errc::denied);
    CHECK(failure_when({}, change("cache=HIT", "cache=MISS")) == errc::denied);
    CHECK(failure_when({}, change("spread=1", "spread=8")) == errc::denied);
    CHECK(failure_when({}, change("state=up\r", "state=draining\r")) == errc::denied);
    CHECK(failure_when({}, change("x-lode-answer", "x-lode-answor")) == errc::denied);
}

TEST_CASE("a request that was recorded is good for no other connection, nor a second time") {
    simulation in(1);
    two_nodes world;
    auto pool = pool_of(world);
    outcomes seen;
    REQUIRE(in.run(ask_several(world, *pool, {question_to_b()}, seen)) ==
            simulation::outcome::finished);
    const std::string recorded = world.on_the_way_there.messages.at(1);
    REQUIRE(recorded.starts_with("GET /lode/1/part?"));

    // The same words behind another hello, which the network puts in their place.
    two_nodes again;
    again.on_the_way_there = change("GET /lode/1/part?", recorded);
    again.on_the_way_there.how = meddler::way::replace_message;
    auto second = pool_of(again);
    outcomes later;
    REQUIRE(in.run(ask_several(again, *second, {question_to_b()}, later)) ==
            simulation::outcome::finished);
    CHECK(later.replies.at(0).error().code == errc::denied);
    CHECK(again.asked.empty());

    // Twice within its own session.
    two_nodes twice;
    auto third = pool_of(twice);
    twice.on_the_way_there = change("GET /lode/1/part", "");
    twice.on_the_way_there.how = meddler::way::repeat;
    outcomes last;
    REQUIRE(in.run(ask_several(twice, *third, {question_to_b()}, last)) ==
            simulation::outcome::finished);
    CHECK(last.replies.at(0));
    CHECK(twice.asked.size() == 1);
    CHECK(twice.door.stats().refused.of(refusal::mac).value() == 1);
}

TEST_CASE("an answer that was recorded is good for no other question") {
    two_nodes world;
    const outcomes first = ask_all(world, {question_to_b()});
    REQUIRE(first.replies.at(0));
    const std::string recorded = world.on_the_way_back.messages.at(1);

    // In place of the answer to the same question, in another session.
    meddler swap = change("HTTP/1.1 206", recorded);
    swap.how = meddler::way::replace_message;
    CHECK(failure_when({}, swap) == errc::denied);
}

TEST_CASE("what the owner says must be about the part and the bytes that were asked for") {
    const auto answered = [](part_answer said, unsigned status, want_kind want) {
        two_nodes world;
        world.status = status;
        world.instead = said;
        const outcomes seen = ask_all(world, {question_to_b(want)});
        return seen.replies.at(0) ? errc{} : seen.replies[0].error().code;
    };
    const part_answer right{.part = {.high = 7, .low = 8}};
    const part_answer wrong{.part = {.high = 8, .low = 7}};
    part_answer counted = right;
    counted.held = engine::presence{};

    CHECK(answered(right, 206, want_kind::bytes) == errc{});
    CHECK(answered(wrong, 206, want_kind::bytes) == errc::protocol);
    CHECK(answered(wrong, 404, want_kind::bytes) == errc::protocol);
    CHECK(answered(right, 200, want_kind::bytes) == errc::protocol);
    CHECK(answered(right, 200, want_kind::fill) == errc{});
    CHECK(answered(right, 200, want_kind::held) == errc::protocol);
    CHECK(answered(counted, 200, want_kind::held) == errc{});
}

TEST_CASE("a question that does not fit is not asked, and the connection stays as it was") {
    two_nodes world;
    part_question q = question_to_b();
    q.name.key = std::string(2000, 'k');

    const outcomes seen = ask_all(world, {q, question_to_b()});

    CHECK(seen.replies[0].error().code == errc::too_large);
    CHECK(seen.replies[1]);
}
