#include "frontend/http/connection_pool.h"

#include <deque>
#include <optional>
#include <string>

#include "engine/runtime/simulated_stream.h"
#include "frontend/http/head_writer.h"
#include "tests/catch.h"
#include "tests/frontend/http/conversation.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::http;

namespace {

// A server that answers every request with its connection's number, and says goodbye after /last.
task<void> answer_all(std::unique_ptr<stream> s, int number) {
    message_reader reader(*s, {});
    std::string out;
    for (;;) {
        auto head = co_await reader.read_request();
        if (!head) break;
        const std::string body = std::to_string(number);
        head_writer w(out);
        w.response(200).content_length(bytes(body.size()));
        if (head->target == "/last") w.field("Connection", "close");
        (void)w.end();
        out += body;
        if (!co_await send_all(*s, std::as_bytes(std::span(out)))) break;
    }
    co_await s->close();
}

struct network {
    scope servers;
    int dialed = 0;
    bool refuses = false;
    duration delay{0};
};

struct agreed_number final : agreement {
    explicit agreed_number(int n) : number(n) {}
    int number;
};

class simulated_dialer final : public dialer {
  public:
    explicit simulated_dialer(network& n) : network_(n) {}

    task<result<dialed>> dial(time_point until) override {
        if (network_.delay > duration(0)) {
            co_await sleep_until(std::min(until, now() + network_.delay));
            if (now() >= until) co_return fail(errc::unavailable);
        }
        if (network_.refuses) co_return fail(errc::unavailable);
        auto [client, server] = simulated_stream::make_pair({});
        network_.servers.spawn(answer_all(std::move(server), ++network_.dialed));
        co_return dialed{.stream = std::move(client),
                         .agreed = std::make_unique<agreed_number>(network_.dialed)};
    }

  private:
    network& network_;
};

// One request and its answer, which names the connection; 0 when it failed.
task<int> ask(client_connection& c, std::string_view target = "/") {
    const auto head = head_writer(c.head_buffer()).request("GET", target).field("Host", "h").end();
    if (!co_await send_all(c.stream(), std::as_bytes(std::span(head)))) co_return 0;
    auto answer = co_await c.reader().read_response("GET");
    if (!answer) co_return 0;
    std::array<std::byte, 16> body{};
    auto got = co_await c.reader().read_body_full(body);
    if (!got) co_return 0;
    co_return std::stoi(std::string(reinterpret_cast<const char*>(body.data()), *got));
}

template <class Test>
void run(Test test, connection_pool::options o = {}, std::uint64_t seed = 1) {
    simulation world(seed);
    network n;
    connection_pool pool(std::make_unique<simulated_dialer>(n), o);
    const auto how = world.run(test(pool, n));
    REQUIRE(how == simulation::outcome::finished);
    CHECK(pool.stats().in_use.value() == 0);
    CHECK(pool.stats().idle.value() == 0);
}

task<void> finish(connection_pool& pool, network& n) {
    co_await pool.close();
    co_await n.servers.close();
}

time_point soon() { return now() + std::chrono::seconds(1); }

std::vector<int> answers;  // what a test's coroutine saw, asserted on after it
std::vector<errc> refusals;
std::vector<bool> reused_flags;
std::vector<int> agreed_numbers;

void forget() {
    answers.clear();
    refusals.clear();
    reused_flags.clear();
    agreed_numbers.clear();
}

task<void> use_once(connection_pool& pool, time_point until) {
    auto lease = co_await pool.acquire(until);
    if (!lease) {
        refusals.push_back(lease.error().code);
        co_return;
    }
    reused_flags.push_back((*lease)->reused());
    agreed_numbers.push_back(static_cast<agreed_number&>(*(*lease)->agreed()).number);
    answers.push_back(co_await ask(**lease));
    lease->keep();
}

task<void> use_three_times(connection_pool& pool, network& n) {
    for (int i = 0; i < 3; ++i) co_await use_once(pool, soon());
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("a connection that was kept serves the next request") {
    forget();
    run(use_three_times);
    CHECK(answers == std::vector{1, 1, 1});
    CHECK(reused_flags == std::vector{false, true, true});
}

namespace {

task<void> drop_one(connection_pool& pool, network& n) {
    {
        auto lease = co_await pool.acquire(soon());
        answers.push_back(co_await ask(**lease));
    }
    co_await use_once(pool, soon());
    {
        // An answer that was not read to its end must not be the next one's beginning.
        auto lease = co_await pool.acquire(soon());
        const auto head =
            head_writer((*lease)->head_buffer()).request("GET", "/").field("Host", "h").end();
        (void)co_await send_all((*lease)->stream(), std::as_bytes(std::span(head)));
        (void)co_await (*lease)->reader().read_response("GET");
        lease->keep();
    }
    co_await use_once(pool, soon());
    {
        auto lease = co_await pool.acquire(soon());
        answers.push_back(co_await ask(**lease, "/last"));
        lease->keep();
    }
    co_await use_once(pool, soon());
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE(
    "a connection that was not kept, or not read to the end, or is the server's last, is closed") {
    forget();
    run(drop_one);
    CHECK(answers == std::vector{1, 2, 3, 3, 4});
    // What was agreed on stays with its connection.
    CHECK(agreed_numbers == std::vector{2, 3, 4});
    CHECK(reused_flags == std::vector{false, false, false});
}

namespace {

task<void> hold(connection_pool& pool, duration time) {
    auto lease = co_await pool.acquire(now() + std::chrono::hours(1));
    if (!lease) {
        refusals.push_back(lease.error().code);
        co_return;
    }
    answers.push_back(co_await ask(**lease));
    co_await sleep_for(time);
    lease->keep();
}

task<void> crowd(connection_pool& pool, network& n) {
    scope all;
    all.spawn(hold(pool, std::chrono::seconds(3)));
    all.spawn(hold(pool, std::chrono::seconds(3)));
    co_await sleep_for(std::chrono::milliseconds(500));
    all.spawn(use_once(pool, now() + std::chrono::seconds(1)));   // gives up
    all.spawn(use_once(pool, now() + std::chrono::seconds(10)));  // is served
    all.spawn(use_once(pool, now() + std::chrono::seconds(10)));  // one too many in the line
    co_await sleep_for(std::chrono::milliseconds(1));
    LODE_ASSERT(refusals.size() == 1);
    co_await all.close();
    LODE_ASSERT(n.dialed == 2);
    LODE_ASSERT(pool.stats().waited.value() == 2 && pool.stats().overloaded.value() == 2);
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("at the limit requests stand in line, for so long and so many") {
    forget();
    run(crowd, {.connections = 2, .waiters = 2});
    CHECK(refusals == std::vector{errc::overloaded, errc::overloaded});
    REQUIRE(answers.size() == 3);
    CHECK(answers[2] <= 2);
}

namespace {

task<void> grow_old(connection_pool& pool, network& n) {
    scope all;
    for (int i = 0; i < 3; ++i) all.spawn(hold(pool, std::chrono::seconds(1)));
    co_await all.close();
    LODE_ASSERT(pool.stats().idle.value() == 3);
    for (int i = 0; i < 7; ++i) {
        co_await sleep_for(std::chrono::seconds(10));
        answers.clear();
        co_await use_once(pool, soon());
    }
    // The one in use stayed; the others are gone.
    LODE_ASSERT(pool.stats().expired.value() == 2 && pool.stats().idle.value() == 1);
    co_await sleep_for(std::chrono::milliseconds(49'900));
    LODE_ASSERT(pool.stats().idle.value() == 1);
    co_await sleep_for(std::chrono::milliseconds(200));
    LODE_ASSERT(pool.stats().idle.value() == 0 && pool.stats().expired.value() == 3);
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("idle connections are dropped before the server would, the least used first") {
    forget();
    run(grow_old);
    CHECK(reused_flags == std::vector<bool>(7, true));
}

namespace {

task<void> no_server(connection_pool& pool, network& n) {
    n.refuses = true;
    co_await use_once(pool, soon());
    n.refuses = false;
    n.delay = std::chrono::seconds(20);
    const time_point before = now();
    co_await use_once(pool, now() + std::chrono::minutes(1));
    LODE_ASSERT(now() - before == connection_pool::options().connect_timeout);
    n.delay = duration(0);
    // A failure gives its place back.
    co_await use_once(pool, soon());
    LODE_ASSERT(pool.stats().failed.value() == 2);
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("a server that cannot be reached is unavailable, in bounded time") {
    forget();
    run(no_server, {.connections = 1});
    CHECK(refusals == std::vector{errc::unavailable, errc::unavailable});
    CHECK(answers == std::vector{1});
}

namespace {

task<void> leave_a_deadline(connection_pool& pool, network& n) {
    auto lease = co_await pool.acquire(soon());
    (*lease)->stream().expire_at(now() + std::chrono::seconds(1));
    answers.push_back(co_await ask(**lease));
    lease->keep();
    co_await sleep_for(std::chrono::seconds(5));
    co_await use_once(pool, soon());
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("the deadline of one lease does not reach the next") {
    forget();
    run(leave_a_deadline);
    CHECK(answers == std::vector{1, 1});
    CHECK(reused_flags == std::vector{true});
}

namespace {

task<void> abort_too_late(connection_pool& pool, network& n) {
    {
        auto lease = co_await pool.acquire(soon());
        answers.push_back(co_await ask(**lease));
        (*lease)->stream().abort();
        lease->keep();
    }
    co_await use_once(pool, soon());
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("a connection that was aborted after its last byte serves no other request") {
    forget();
    run(abort_too_late);
    CHECK(answers == std::vector{1, 2});  // each from a connection of its own
    CHECK(reused_flags == std::vector{false});
}

namespace {

task<void> want_fresh(connection_pool& pool, network& n) {
    co_await use_once(pool, soon());
    auto lease = co_await pool.acquire(soon(), connection_pool::freshness::fresh);
    LODE_ASSERT(lease.has_value() && !(*lease)->reused());
    answers.push_back(co_await ask(**lease));
    // The limit is one: the idle connection had to go.
    LODE_ASSERT(pool.stats().idle.value() == 0 && pool.stats().in_use.value() == 1);
    lease->keep();
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("a second attempt gets a new connection within the limit") {
    forget();
    run(want_fresh, {.connections = 1});
    CHECK(answers == std::vector{1, 2});
}

namespace {

task<void> close_under_load(connection_pool& pool, network& n) {
    scope all;
    all.spawn(hold(pool, std::chrono::seconds(2)));
    co_await sleep_for(std::chrono::milliseconds(100));
    all.spawn(use_once(pool, now() + std::chrono::seconds(10)));
    co_await sleep_for(std::chrono::milliseconds(100));
    co_await pool.close();
    co_await use_once(pool, soon());
    co_await all.close();
    co_await n.servers.close();
}

task<void> read_for_ever(connection_pool& pool) {
    auto lease = co_await pool.acquire(soon());
    auto answer = co_await (*lease)->reader().read_response("GET");
    LODE_ASSERT(!answer);
    refusals.push_back(answer.error().code);
}

task<void> abort_them(connection_pool& pool, network& n) {
    scope all;
    all.spawn(read_for_ever(pool));
    all.spawn(read_for_ever(pool));
    co_await sleep_for(std::chrono::seconds(5));
    pool.abort();
    co_await all.close();
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("closing waits for the leases and sends the line away") {
    forget();
    run(close_under_load, {.connections = 1});
    CHECK(answers == std::vector{1});
    CHECK(refusals == std::vector{errc::cancelled, errc::cancelled});
}

TEST_CASE("what leases wait for can be aborted") {
    forget();
    run(abort_them);
    CHECK(refusals == std::vector{errc::cancelled, errc::cancelled});
}

namespace {

task<void> user(connection_pool& pool, lode::random chance, std::uint32_t limit) {
    for (int i = 0; i < 30; ++i) {
        auto lease = co_await pool.acquire(now() + std::chrono::milliseconds(1 + chance.below(500)),
                                           chance.one_in(10) ? connection_pool::freshness::fresh
                                                             : connection_pool::freshness::any);
        LODE_ASSERT(pool.stats().in_use.value() + pool.stats().idle.value() <= limit);
        if (!lease) continue;
        LODE_ASSERT(co_await ask(**lease) > 0);
        co_await sleep_for(std::chrono::milliseconds(chance.below(100)));
        if (!chance.one_in(5)) lease->keep();
        if (chance.one_in(8)) co_await sleep_for(std::chrono::seconds(chance.below(90)));
    }
}

task<void> many_users(connection_pool& pool, network& n) {
    scope all;
    for (int i = 0; i < 12; ++i) {
        all.spawn(user(pool, lode::random(scheduler::current().chance().next()), 4));
    }
    co_await all.close();
    co_await finish(pool, n);
}

}  // namespace

TEST_CASE("leases and idle connections together never exceed the limit") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        run(many_users, {.connections = 4}, seed);
    }
}
