#include "engine/runtime/core.h"

#include <atomic>
#include <vector>

#include "engine/runtime/mailbox.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;

namespace {

task<std::uint16_t> who_am_i() {
    co_await sleep_for(std::chrono::milliseconds(1));
    co_return core::current().self().value();
}

// Each core asks every other one for its name, many times at once.
struct census {
    std::atomic<int> cores_done{0};
    std::atomic<int> wrong{0};
    std::atomic<int> answers{0};
};

task<void> ask(core_id whom, census& c) {
    const auto before = core::current().self();
    const auto answer = co_await on_core(whom, [] { return who_am_i(); });
    if (answer != whom.value() || core::current().self() != before) ++c.wrong;
    const auto plain = co_await on_core(whom, [] { return core::current().self().value(); });
    if (plain != whom.value()) ++c.wrong;
    ++c.answers;
}

task<void> take_census(core_id, census& c, std::uint16_t cores, int rounds) {
    scope all;
    for (int i = 0; i < rounds; ++i) {
        for (std::uint16_t whom = 0; whom < cores; ++whom) all.spawn(ask(core_id(whom), c));
    }
    co_await all.close();
    ++c.cores_done;
    // A core must answer as long as another may ask.
    while (c.cores_done.load() < cores) {
        co_await sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace

TEST_CASE("work runs on the core it was sent to and its answer comes home") {
    census c;

    run_on_cores(3, [&](core_id self) { return take_census(self, c, 3, 500); });

    CHECK(c.wrong == 0);
    CHECK(c.answers == 3 * 3 * 500);
}

namespace {

struct ordered {
    std::vector<std::uint64_t> seen;
    bool all = false;
};

constexpr std::uint64_t many = 10 * channel::capacity;

void note(void* object, std::uint64_t argument) {
    auto& o = *static_cast<ordered*>(object);
    o.seen.push_back(argument);
    o.all = o.seen.size() == many;
}

task<void> flood(core_id self, ordered& o, std::atomic<bool>& over) {
    if (self == core_id(0)) {
        for (std::uint64_t i = 0; i < many; ++i) {
            post_to(core_id(1), {.run = &note, .object = &o, .argument = i});
        }
        while (!over) co_await sleep_for(std::chrono::milliseconds(1));
    } else {
        while (!o.all) co_await sleep_for(std::chrono::milliseconds(1));
        over = true;
    }
}

}  // namespace

TEST_CASE("more messages than a channel holds arrive all, once, in order") {
    ordered o;
    std::atomic<bool> over = false;

    run_on_cores(2, [&](core_id self) { return flood(self, o, over); });

    REQUIRE(o.seen.size() == many);
    for (std::uint64_t i = 0; i < many; ++i) REQUIRE(o.seen[i] == i);
}

namespace {

// Core 1 waits for one thing only and has no timer that could wake it by chance: were a wake-up lost, the
// caller on core 0 would wait until the deadline.
task<void> ping(core_id self, wait_list& asked_to_end, int rounds, bool& woken) {
    if (self == core_id(0)) {
        for (int i = 0; i < rounds; ++i) {
            const int back = co_await on_core(core_id(1), [i] { return i + 1; });
            LODE_ASSERT(back == i + 1);
        }
        co_await on_core(core_id(1), [&asked_to_end] { asked_to_end.notify_all(); });
    } else {
        woken = (co_await asked_to_end.wait(now() + std::chrono::minutes(2))).has_value();
    }
}

}  // namespace

TEST_CASE("a sleeping core is woken by a message and no wake-up is lost") {
    wait_list asked_to_end;
    bool woken = false;

    run_on_cores(2, [&](core_id self) { return ping(self, asked_to_end, 5'000, woken); });

    CHECK(woken);
}

namespace {

struct tally {
    core_id counted_on;
    int count = 0;
};

task<void> call_a_remote_object(core_id self, tally& t, wait_list& over, bool& local_only_at_home) {
    const remote<tally> there(core_id(1), t);
    if (self == core_id(1)) {
        (void)co_await over.wait(now() + std::chrono::minutes(2));
        local_only_at_home = local_only_at_home && there.if_local() == &t;
        co_return;
    }
    local_only_at_home = there.if_local() == nullptr;
    for (int i = 0; i < 100; ++i) {
        const int seen = co_await there.call([](tally& at_home) {
            at_home.counted_on = core::current().self();
            return ++at_home.count;
        });
        LODE_ASSERT(seen == i + 1);
    }
    co_await on_core(core_id(1), [&over] { over.notify_all(); });
}

}  // namespace

TEST_CASE("a remote object is touched only on its own core") {
    tally t;
    wait_list over;
    bool local_only_at_home = false;

    run_on_cores(
        2, [&](core_id self) { return call_a_remote_object(self, t, over, local_only_at_home); });

    CHECK(t.count == 100);
    CHECK(t.counted_on == core_id(1));
    CHECK(local_only_at_home);
}
