#include "frontend/origin/shared_validation.h"

#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::origin;
using engine::sleep_for;
using engine::task;
using std::chrono::milliseconds;

namespace {

// What one request saw.
struct seen {
    time_point came;
    time_point asked{};  // when the question was sent whose answer it has
    bool asked_itself = false;
};

struct origin_side {
    shared_validation sharing{std::chrono::seconds(5)};
    duration thinks = milliseconds(10);
    bool answers = true;
    int questions = 0;
    std::vector<time_point> sent;  // by version: the answer's size says which question it was
};

task<void> request(origin_side& o, duration after, seen& mine) {
    co_await sleep_for(after);
    mine.came = engine::now();
    auto turn = co_await o.sharing.enter("b/k");
    if (turn.what == shared_validation::turn::kind::told) {
        mine.asked = o.sent[turn.version->size.count()];
        CHECK(turn.asked == mine.asked);
        co_return;
    }
    auto version = std::make_shared<object_version>();
    version->size = bytes(o.sent.size());
    o.sent.push_back(engine::now());
    ++o.questions;
    mine.asked = engine::now();
    mine.asked_itself = true;
    co_await sleep_for(o.thinks);
    if (turn.what == shared_validation::turn::kind::ask_for_all) {
        o.sharing.answered("b/k", o.answers ? version : nullptr, mine.asked);
    }
}

task<void> all(origin_side& o, const std::vector<duration>& when, std::vector<seen>& outcomes) {
    engine::scope requests;
    for (std::size_t i = 0; i < when.size(); ++i) requests.spawn(request(o, when[i], outcomes[i]));
    co_await requests.close();
}

std::vector<seen> run(origin_side& o, const std::vector<duration>& when) {
    std::vector<seen> outcomes(when.size());
    engine::simulation world(1);
    const auto outcome = world.run(all(o, when, outcomes));
    CHECK(outcome == engine::simulation::outcome::finished);
    return outcomes;
}

}  // namespace

TEST_CASE("a request only shares a question that was sent after it came") {
    origin_side o;
    std::vector<duration> when;
    for (int i = 0; i < 200; ++i) when.emplace_back(milliseconds(i % 67));

    const auto outcomes = run(o, when);

    for (const seen& s : outcomes) CHECK(s.asked >= s.came);
    // 67 ms of requests, 10 ms a question, one at a time.
    CHECK(o.questions >= 7);
    CHECK(o.questions <= 9);
}

TEST_CASE("requests that come together cost two questions") {
    origin_side o;
    run(o, std::vector<duration>(64, milliseconds(0)));
    // The first asks at once; the others came before it was known that it does, but ask once for all.
    CHECK(o.questions == 2);
}

TEST_CASE("an answer that cannot be shared sends everybody on its own way") {
    origin_side o;
    o.answers = false;
    const auto outcomes = run(o, std::vector<duration>(10, milliseconds(0)));
    for (const seen& s : outcomes) CHECK(s.asked_itself);
}

TEST_CASE("who has waited too long asks alone") {
    origin_side o;
    o.thinks = std::chrono::seconds(60);
    const auto outcomes = run(o, {milliseconds(0), milliseconds(1), milliseconds(2)});
    for (const seen& s : outcomes) CHECK(s.asked_itself);
    CHECK(outcomes[1].asked - outcomes[1].came == std::chrono::seconds(5));
}
