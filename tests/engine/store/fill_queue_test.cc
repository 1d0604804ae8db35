#include "engine/store/fill_queue.h"

#include <set>

#include "engine/base/random.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::engine;

namespace {

using runs = std::vector<chunk_range>;

// All that is left, in the order in which it would be fetched, in pieces of `most`.
runs drain(fill_queue& q, std::uint32_t most = 100) {
    runs taken;
    while (q.has_demand()) taken.push_back(q.take_demanded(most));
    while (q.has_rest()) taken.push_back(q.take_rest(most));
    return taken;
}

fill_queue queue_of(chunk_range all) {
    fill_queue q;
    q.add(all);
    return q;
}

}  // namespace

TEST_CASE("what was demanded comes first, then what follows it, then what is before it") {
    fill_queue q = queue_of({0, 10});
    q.demand({4, 2});

    CHECK(q.take_demanded(100) == chunk_range{4, 2});
    CHECK(!q.has_demand());
    CHECK(drain(q) == runs{{6, 4}, {0, 4}});
}

TEST_CASE("a later demand comes before an earlier one") {
    fill_queue q = queue_of({0, 20});
    q.demand({0, 10});
    q.demand({15, 2});

    CHECK(drain(q) == runs{{15, 2}, {0, 10}, {17, 3}, {10, 5}});
}

TEST_CASE("a demand takes what it wants out of an earlier one") {
    fill_queue q = queue_of({0, 10});
    q.demand({0, 8});
    q.demand({3, 6});

    CHECK(drain(q) == runs{{3, 6}, {0, 3}, {9, 1}});
}

TEST_CASE("a demand for what is not queued changes nothing") {
    fill_queue q = queue_of({0, 4});
    (void)q.take_rest(2);
    q.demand({0, 2});

    CHECK(!q.has_demand());
    CHECK(drain(q) == runs{{2, 2}});
}

TEST_CASE("pieces are as long as they may be and no longer") {
    fill_queue q = queue_of({0, 10});
    q.demand({0, 5});

    CHECK(drain(q, 4) == runs{{0, 4}, {4, 1}, {5, 4}, {9, 1}});
}

TEST_CASE("a chunk that is waited for comes first, and with it the next one") {
    fill_queue q = queue_of({0, 20});
    q.demand({0, 4});

    CHECK(q.await(10, 8));

    CHECK(q.front() == chunk_range{10, 2});
    CHECK(q.front_is_awaited());
    CHECK(drain(q) == runs{{10, 2}, {0, 4}, {12, 8}, {4, 6}});
}

TEST_CASE("a chunk that is waited for at the end of what is queued comes alone") {
    fill_queue q = queue_of({0, 3});

    CHECK(q.await(2, 8));

    CHECK(q.front() == chunk_range{2, 1});
}

TEST_CASE("a chunk that is next anyway is fetched with those behind it") {
    fill_queue q = queue_of({0, 20});
    q.demand({0, 20});

    CHECK(q.await(0, 8));
    CHECK(q.front() == chunk_range{0, 8});
    CHECK(q.front_is_awaited());
    CHECK(q.take_demanded(100) == chunk_range{0, 8});
    CHECK(!q.front_is_awaited());
    CHECK(drain(q) == runs{{8, 12}});
}

TEST_CASE("a chunk that is not queued cannot be brought forward, nor can the one behind it") {
    fill_queue q = queue_of({1, 5});

    CHECK(!q.await(0, 8));
    CHECK(!q.await(6, 8));
    CHECK(!q.has_demand());
}

TEST_CASE("what nobody seems to want any more is the rest again") {
    fill_queue q = queue_of({0, 10});
    q.demand({3, 2});
    q.demand({7, 2});

    q.demand_becomes_rest();

    CHECK(!q.has_demand());
    CHECK(q.take_rest() == runs{{0, 10}});
    CHECK(q.empty());
}

TEST_CASE("whatever is done to a queue, each chunk comes out once") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        lode::random chance(seed);
        fill_queue q;
        std::set<std::uint32_t> queued;
        const std::uint32_t chunks = 1 + static_cast<std::uint32_t>(chance.below(60));
        const auto some = [&] {
            const auto first = static_cast<std::uint32_t>(chance.below(chunks));
            return chunk_range{first, 1 + static_cast<std::uint32_t>(chance.below(chunks - first))};
        };
        const auto took = [&](chunk_range r) {
            for (std::uint32_t n = r.first; n < r.first + r.count; ++n) {
                REQUIRE(queued.erase(n) == 1);
            }
        };
        for (int step = 0; step < 200; ++step) {
            const std::uint32_t most = 1 + static_cast<std::uint32_t>(chance.below(9));
            switch (chance.below(6)) {
                case 0: {
                    const chunk_range wanted = some();
                    for (std::uint32_t n = wanted.first; n < wanted.first + wanted.count; ++n) {
                        if (queued.insert(n).second) q.add({n, 1});
                    }
                    break;
                }
                case 1: q.demand(some()); break;
                case 2: {
                    const auto n = static_cast<std::uint32_t>(chance.below(chunks));
                    REQUIRE(q.await(n, most) == queued.contains(n));
                    if (queued.contains(n)) REQUIRE(q.front().first == n);
                    break;
                }
                case 3:
                    if (q.has_demand()) took(q.take_demanded(most));
                    break;
                case 4:
                    if (q.has_rest()) took(q.take_rest(most));
                    break;
                default:
                    if (chance.one_in(10)) q.demand_becomes_rest();
            }
            REQUIRE(q.empty() == queued.empty());
        }
        for (const chunk_range& r : q.take_all()) took(r);
        CHECK(queued.empty());
        CHECK(q.empty());
    }
}
