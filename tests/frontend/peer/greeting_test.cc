#include "frontend/peer/greeter.h"
#include "frontend/peer/peer_dialer.h"
#include "tests/catch.h"
#include "tests/frontend/peer/two_nodes.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend;
using namespace lode::frontend::peer;

namespace {

// Whether a connection could be leased, once.
task<void> connect_once(two_nodes& world, http::connection_pool& pool, result<>& outcome) {
    auto lease = co_await pool.acquire(soon());
    outcome = {};
    if (!lease) outcome = std::unexpected(lease.error());
    if (lease) lease->keep();
    co_await close_all(world, pool);
}

struct attempt {
    result<> outcome;
    std::optional<std::pair<refusal, std::string>> refused;
    std::optional<std::pair<error, std::string>> failed;
    std::vector<description> heard;
    std::vector<std::string> guests;
    int dialed = 0;
};

attempt connect(two_nodes& world, own_side a = side_named("node-a"), peer_dialer::options o = {},
                simulation* in = nullptr) {
    std::optional<simulation> own;
    if (in == nullptr) in = &own.emplace(1);
    auto pool = pool_of(world, std::move(a), std::move(o));
    attempt made;
    const auto how = in->run(connect_once(world, *pool, made.outcome));
    REQUIRE(how == simulation::outcome::finished);
    if (!world.listener.refusals.empty()) made.refused = world.listener.refusals.back();
    if (!world.listener.failures.empty()) made.failed = world.listener.failures.back();
    made.heard = world.listener.descriptions;
    made.guests = world.guests;
    made.dialed = world.dialed;
    return made;
}

// What node-b answers to bytes on a connection of their own, and whether it closed it in time.
task<void> say(std::unique_ptr<stream> s, std::string words, std::string& answer) {
    (void)co_await send_all(*s, std::as_bytes(std::span(words)));
    std::array<std::byte, 256> buffer;
    s->expire_at(now() + std::chrono::seconds(20));
    for (;;) {
        auto got = co_await s->receive(buffer);
        if (!got || *got == 0) break;
        answer.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
    co_await s->close();
}

task<void> say_and_end(two_nodes& world, std::string words, std::string& answer) {
    auto [near, far] = simulated_stream::make_pair({});
    world.servers->spawn(world.serve(std::move(far)));
    co_await say(std::move(near), std::move(words), answer);
    co_await end_servers(world);
}

std::string answer_to(two_nodes& world, std::string words, simulation& in) {
    std::string answer;
    const auto how = in.run(say_and_end(world, std::move(words), answer));
    REQUIRE(how == simulation::outcome::finished);
    return answer;
}

std::string answer_to(two_nodes& world, std::string words) {
    simulation in(1);
    return answer_to(world, std::move(words), in);
}

std::uint64_t times_refused(const two_nodes& world, refusal why) {
    return world.door.stats().refused.of(why).value();
}

}  // namespace

TEST_CASE("two nodes with one secret greet each other") {
    two_nodes world;

    const attempt made = connect(world);

    CHECK(made.outcome);
    CHECK(made.guests == std::vector<std::string>{"node-a"});
    CHECK(made.heard == std::vector{side_named("node-b").describe()});
    CHECK(world.door.stats().greeted.value() == 1);
    CHECK(world.protocol == 1);
    CHECK(!made.refused);
    CHECK(!made.failed);
}

TEST_CASE("a node with another secret is refused, and learns nothing of this one") {
    two_nodes world;

    const attempt made = connect(world, side_named("node-a", "fedcba9876543210"));

    CHECK(made.outcome.error().code == errc::unavailable);
    REQUIRE(made.refused);
    CHECK(made.refused->first == refusal::proof);
    CHECK(made.refused->second == "The hello was not made with this cluster's secret.");
    CHECK(made.guests.empty());
    CHECK(made.heard.empty());
    CHECK(times_refused(world, refusal::proof) == 1);
    CHECK(world.on_the_way_back.messages.size() == 1);
    CHECK(world.on_the_way_back.messages[0].starts_with("HTTP/1.1 401 "));
    CHECK(!world.on_the_way_back.messages[0].contains("node-b"));
}

TEST_CASE("a node of another cluster is refused") {
    two_nodes world;
    own_side a = side_named("node-a");
    a.cluster = "staging\"2\"";

    const attempt made = connect(world, a);

    REQUIRE(made.refused);
    CHECK(made.refused->first == refusal::cluster);
    CHECK(made.refused->second == "This node is not of cluster \"staging?2?\".");
    CHECK(times_refused(world, refusal::cluster) == 1);
    CHECK(world.on_the_way_back.messages[0].starts_with("HTTP/1.1 403 "));
}

TEST_CASE("a node that speaks no common protocol is refused, and told both that are spoken") {
    own_side b = side_named("node-b");
    b.protocols = {.oldest = 4, .newest = 5};
    two_nodes world(b);

    const attempt made = connect(world);

    REQUIRE(made.refused);
    CHECK(made.refused->first == refusal::protocol);
    CHECK(made.refused->second == "This node speaks protocols 5 and 4, not 1.");
    CHECK(made.dialed == 1);
    CHECK(times_refused(world, refusal::protocol) == 1);
    CHECK(world.on_the_way_back.messages[0].starts_with("HTTP/1.1 505 "));
    CHECK(world.on_the_way_back.messages[0].contains("x-lode-protocols: 4-5\r\n"));
}

TEST_CASE("nodes of neighbouring protocols speak the older one, whoever dials") {
    own_side a = side_named("node-a");
    own_side b = side_named("node-b");
    SECTION("the newer one dials") {
        a.protocols = {.oldest = 1, .newest = 2};
        two_nodes world(b);
        const attempt made = connect(world, a);
        CHECK(made.outcome);
        CHECK(made.dialed == 2);
        CHECK(world.protocol == 1);
        CHECK(!made.refused);
    }
    SECTION("the older one dials") {
        b.protocols = {.oldest = 1, .newest = 2};
        two_nodes world(b);
        const attempt made = connect(world, a);
        CHECK(made.outcome);
        CHECK(made.dialed == 1);
        CHECK(world.protocol == 1);
    }
    SECTION("two apart") {
        a.protocols = {.oldest = 2, .newest = 3};
        two_nodes world(b);
        const attempt made = connect(world, a);
        CHECK(!made.outcome);
        CHECK(made.dialed == 1);
    }
}

namespace {

// One connection after the other, none kept.
task<void> connect_thrice(two_nodes& world, http::connection_pool& pool, int& made) {
    for (int i = 0; i < 3; ++i) made += (co_await pool.acquire(soon())).has_value() ? 1 : 0;
    co_await close_all(world, pool);
}

}  // namespace

TEST_CASE("what a peer speaks is remembered for the next connection") {
    own_side a = side_named("node-a");
    a.protocols = {.oldest = 1, .newest = 2};
    two_nodes world;
    simulation in(1);
    auto pool = pool_of(world, a);
    int made = 0;

    const auto how = in.run(connect_thrice(world, *pool, made));

    REQUIRE(how == simulation::outcome::finished);
    CHECK(made == 3);
    CHECK(world.dialed == 4);
}

TEST_CASE("clocks may differ by five minutes, and no more") {
    const auto with_clock = [](std::chrono::seconds ahead) {
        simulation in(1);
        two_nodes world;
        // Said by a clock that is ahead, and heard by ours.
        in.clock().jump_wall(ahead);
        const auto ours = side_named("node-a");
        const hello h{.cluster = "lode",
                      .node = "node-a",
                      .view = 1,
                      .time = std::chrono::floor<std::chrono::seconds>(in.clock().wall()),
                      .nonce = draw_nonce()};
        in.clock().jump_wall(-ahead);
        const std::string target = hello_target(h, 1);
        const auto proof = prove_hello(*ours.secret, target);
        std::string words = "GET " + target + " HTTP/1.1\r\nHost: x\r\nx-lode-mac: ";
        words += s3::view_of(proof);
        const std::string answer = answer_to(world, words + "\r\n\r\n", in);
        return std::pair(answer.substr(0, 12), times_refused(world, refusal::clock));
    };
    const std::pair<std::string, std::uint64_t> welcome("HTTP/1.1 200", 0);
    const std::pair<std::string, std::uint64_t> refusal("HTTP/1.1 403", 1);
    using std::chrono::seconds;

    CHECK(with_clock(seconds(0)) == welcome);
    CHECK(with_clock(seconds(299)) == welcome);
    CHECK(with_clock(seconds(300)) == welcome);
    CHECK(with_clock(seconds(301)) == refusal);
    CHECK(with_clock(seconds(-300)) == welcome);
    CHECK(with_clock(seconds(-301)) == refusal);
    CHECK(with_clock(std::chrono::hours(24 * 365)) == refusal);
}

TEST_CASE("a node that calls itself as we do is told so") {
    two_nodes world;

    const attempt made = connect(world, side_named("node-b"));

    REQUIRE(made.refused);
    CHECK(made.refused->first == refusal::own_name);
    CHECK(made.refused->second == "This node is called \"node-b\", too.");
    CHECK(world.on_the_way_back.messages[0].starts_with("HTTP/1.1 409 "));
}

TEST_CASE("a hello that was recorded is refused when it is said again") {
    simulation in(1);
    two_nodes world;
    REQUIRE(connect(world, side_named("node-a"), {}, &in).outcome);
    const std::string recorded = world.on_the_way_there.messages[0];

    const std::string answer = answer_to(world, recorded, in);

    CHECK(answer.starts_with("HTTP/1.1 401 "));
    CHECK(answer.ends_with("This hello has been said before."));
    CHECK(times_refused(world, refusal::replayed) == 1);
    CHECK(!answer.contains("node-b"));
}

TEST_CASE("a hello that was recorded and is forgotten opens no session") {
    simulation in(1);
    two_nodes world(side_named("node-b"), {.nonces = 1});
    REQUIRE(connect(world, side_named("node-a"), {}, &in).outcome);
    const std::string recorded = world.on_the_way_there.messages[0];
    const std::string request =
        "GET /lode/1/part?key=a HTTP/1.1\r\nHost: x\r\nx-lode-mac: " + std::string(64, '0') +
        "\r\n\r\n";
    REQUIRE(connect(world, side_named("node-c"), {}, &in).outcome);

    const std::string answer = answer_to(world, recorded + request, in);

    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(answer.contains("HTTP/1.1 401 "));
    CHECK(world.asked.empty());
    CHECK(times_refused(world, refusal::mac) == 1);
}

TEST_CASE("a hello that was changed on its way is refused") {
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"node=node-a", "node=node-x"},
             {"view=0", "view=1"},
             {"nonce=", "nonce=0"},
             {"x-lode-mac: ", "x-lode-mac: 0"},
             {"x-lode-mac: ", "x-lode-mac: 00\r\nx-lode-mac: "},
             {"x-lode-mac", "x-lode-max"},
             {"GET", "HEAD"},
             {"Host: ", "Content-Length: 3\r\nHost: "}}) {
        CAPTURE(from, to);
        two_nodes world;
        world.on_the_way_there = {.from = from, .to = to, .messages = {}};

        const attempt made = connect(world);

        CHECK(!made.outcome);
        CHECK(made.guests.empty());
        CHECK(made.heard.empty());
    }
}

TEST_CASE("an answer to a hello that was changed on its way is not believed") {
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"node=node-b", "node=node-x"},
             {"load=5", "load=6"},
             {"x-lode-mac: ", "x-lode-mac: 0"},
             {"x-lode-mac: ", "x-lode-mac: 00\r\nx-lode-mac: "},
             {"x-lode-mac", "x-lode-max"},
             {"Content-Length", "Content-Lengty"},
             {"Content-Length: ", "Content-Length: 1"},
             {"Content-Length: ", "Content-Length: 99999999"},
             {"HTTP/1.1 200", "HTTP/1.1 204"},
             {"HTTP/1.1 200", "HTTP/1.1 500"},
             {"HTTP/1.1 200", "HTTP/1.1 200 OK\r\nConnection: close\r\nX:"},
             {"HTTP/1.1", "SSH-2.0"}}) {
        CAPTURE(from, to);
        two_nodes world;
        world.on_the_way_back = {.from = from, .to = to, .messages = {}};

        const attempt made = connect(world);

        CHECK(made.outcome.error().code == errc::unavailable);
        CHECK(made.failed);
        CHECK(made.heard.size() <= (to.contains("close") ? 1U : 0U));
    }
}

TEST_CASE("a server that does not know the secret is not believed") {
    two_nodes world;
    world.on_the_way_back = {.from = "x-lode-mac: ",
                             .to = "x-lode-mac: " + std::string(64, '1') + "\r\nx-was: ",
                             .messages = {}};

    const attempt made = connect(world);

    REQUIRE(made.failed);
    CHECK(made.failed->first.code == errc::protocol);
    CHECK(made.failed->second == "What answers there does not know this cluster's secret.");
    CHECK(made.heard.empty());
}

TEST_CASE("a node is expected under its name where one is given") {
    {
        two_nodes world;
        CHECK(connect(world, side_named("node-a"), {.expected = "node-b"}).outcome);
    }
    two_nodes world;
    const attempt made = connect(world, side_named("node-a"), {.expected = "node-c"});
    CHECK(!made.outcome);
    REQUIRE(made.failed);
    CHECK(made.failed->first.code == errc::changed);
    CHECK(made.failed->second == "Node \"node-b\" answers there, where \"node-c\" is expected.");
    CHECK(made.heard.size() == 1);
}

TEST_CASE("a peer that cannot be reached is told about") {
    two_nodes world;
    world.unreachable = true;
    const attempt made = connect(world);
    CHECK(made.outcome.error().code == errc::unavailable);
    REQUIRE(made.failed);
    CHECK(made.failed->first.code == errc::unavailable);
}

TEST_CASE("nothing but the hello is answered without a session") {
    for (const auto* target : {"/lode/1/part?key=a", "/", "/bucket/key", "/lode/1/hello/x",
                               "/lode/0/hello", "/metrics"}) {
        CAPTURE(target);
        two_nodes world;
        const std::string answer =
            answer_to(world, std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(answer.starts_with("HTTP/1.1 401 "));
        CHECK(answer.contains("\r\nConnection: close\r\n"));
        CHECK(times_refused(world, refusal::no_session) == 1);
        CHECK(world.asked.empty());
    }
}

TEST_CASE("a hello that is none is answered with a sentence") {
    two_nodes world;
    const std::string answer =
        answer_to(world, "GET /lode/1/hello?cluster=lode HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 400 "));
    CHECK(answer.contains("\r\nx-lode-refusal: malformed\r\n"));
    CHECK(answer.ends_with("The hello cannot be read. Its field \"node\" is missing."));
}

TEST_CASE("garbage and heads that are too large are refused") {
    {
        two_nodes world;
        const std::string answer = answer_to(world, "\x16\x03\x01\x02\x01\x01\x01garbage\r\n\r\n");
        CHECK(answer.starts_with("HTTP/1.1 400 "));
        CHECK(times_refused(world, refusal::unreadable) == 1);
    }
    const auto with_head_of = [](std::size_t length) {
        two_nodes world;
        std::string words = "GET / HTTP/1.1\r\nHost: x\r\n";
        while (words.size() + 1000 < length - 4) words += "a: " + std::string(995, 'a') + "\r\n";
        words += "a: " + std::string(length - words.size() - 7, 'b') + "\r\n\r\n";
        REQUIRE(words.size() == length);
        return answer_to(world, words).substr(0, 12);
    };
    CHECK(with_head_of(8191) == "HTTP/1.1 401");
    CHECK(with_head_of(8192) == "HTTP/1.1 401");
    CHECK(with_head_of(8193) == "HTTP/1.1 431");
    {
        two_nodes world;
        const std::string answer = answer_to(
            world, "GET /lode/1/hello?" + std::string(7 * 1024, 'x') + " HTTP/1.1\r\n\r\n");
        CHECK(answer.starts_with("HTTP/1.1 414 "));
    }
}

TEST_CASE("a connection that says nothing, or not enough, is closed in time") {
    simulation in(1);
    two_nodes world;
    const time_point begun = in.clock().now();

    CHECK(answer_to(world, "", in).empty());
    CHECK(in.clock().now() - begun < std::chrono::seconds(3));
    CHECK(times_refused(world, refusal::silent) == 1);

    const std::string answer = answer_to(world, "GET /lode/1/hello?clus", in);
    CHECK(answer.starts_with("HTTP/1.1 408 "));
    CHECK(answer.contains("\r\nx-lode-refusal: silent\r\n"));
    CHECK(in.clock().now() - begun < std::chrono::seconds(6));
    CHECK(times_refused(world, refusal::silent) == 2);
}

namespace {

class silent_dialer final : public http::dialer {
  public:
    explicit silent_dialer(std::unique_ptr<stream>& far) : far_(far) {}

    task<result<http::dialed>> dial(time_point) override {
        auto [near, far] = simulated_stream::make_pair({});
        far_ = std::move(far);
        co_return http::dialed{.stream = std::move(near)};
    }

  private:
    std::unique_ptr<stream>& far_;
};

task<void> dial_silence(std::unique_ptr<stream>& far, heard_of_peer& listener, duration& took,
                        time_point until_from_now) {
    peer_dialer d(std::make_unique<silent_dialer>(far), side_named("node-a"), {}, &listener);
    const time_point begun = now();
    auto made = co_await d.dial(begun + (until_from_now - time_point{}));
    LODE_ASSERT(!made);
    took = now() - begun;
    co_await far->close();
}

}  // namespace

TEST_CASE("a peer that says nothing is given up after the patience, or at the caller's deadline") {
    for (const auto& [deadline, expected] :
         std::vector<std::pair<int, int>>{{5000, 1000}, {1000, 1000}, {300, 300}}) {
        CAPTURE(deadline);
        simulation in(1);
        std::unique_ptr<stream> far;
        heard_of_peer listener;
        duration took{};
        const auto how = in.run(
            dial_silence(far, listener, took, time_point(std::chrono::milliseconds(deadline))));
        REQUIRE(how == simulation::outcome::finished);
        CHECK(took >= std::chrono::milliseconds(expected));
        CHECK(took < std::chrono::milliseconds(expected + 10));
        REQUIRE(listener.failures.size() == 1);
        CHECK(listener.failures[0].first.code == errc::timed_out);
    }
}

TEST_CASE("every refusal has a word and a status") {
    for (std::size_t i = 0; i < refusals; ++i) {
        const auto why = static_cast<refusal>(i);
        CHECK(refusal_named(name_of(why)) == why);
        CHECK(status_of(why) >= 400);
    }
    CHECK(!refusal_named("mood"));
}
