// What a core holds of other cores' chunks, between one read and the next.
#include "engine/store/near_chunks.h"

#include <chrono>

#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

namespace {

const part_key held_part = numbered_part(1, 64_KiB);

// What becomes of one more read of the part, which begins here.
enum class came_from : std::uint8_t { here, its_home };

task<came_from> read_through(near_chunks& near, part_store& store, part_key key, bool& right) {
    if (auto held = near.borrow(key, 0)) {
        right &= holds_content(key, 0, held->data());
        co_return came_from::here;
    }
    const auto since = near.begin();
    auto lease = co_await store.read(key, 0, soon());
    LODE_ASSERT(lease.has_value());
    const chunk_lease mine = near.arrived(key, 0, std::move(*lease), since);
    right &= holds_content(key, 0, mine.data());
    co_return came_from::its_home;
}

struct near_steps {
    std::vector<came_from> soon_after, later, forgotten;
    std::uint64_t left_in_memory = 0;
    bool lent_stays = false;
    bool right = true;
};

task<void> take_near_steps(store_under_test on, near_steps& out) {
    source_facts facts;
    (void)co_await bring(on.store, held_part, facts);
    near_chunks near(1_MiB, 1);
    for (int i = 0; i < 4; ++i) {
        out.soon_after.push_back(co_await read_through(near, on.store, held_part, out.right));
    }
    co_await sleep_for(near_chunks::hold);
    for (int i = 0; i < 2; ++i) {
        out.later.push_back(co_await read_through(near, on.store, held_part, out.right));
    }
    near.forget(held_part);
    for (int i = 0; i < 3; ++i) {
        out.forgotten.push_back(co_await read_through(near, on.store, held_part, out.right));
    }
    co_await near.empty(1);
    co_await on.store.drop_memory();
    out.left_in_memory = on.store.stats().memory_used;
}

task<void> lend_and_wait(store_under_test on, near_steps& out) {
    source_facts facts;
    (void)co_await bring(on.store, held_part, facts);
    near_chunks near(1_MiB, 1);
    for (int i = 0; i < 2; ++i) (void)co_await read_through(near, on.store, held_part, out.right);
    auto lent = near.borrow(held_part, 0);
    LODE_ASSERT(lent.has_value());
    co_await sleep_for(5 * near_chunks::hold);
    co_await near.empty(1);
    co_await on.store.drop_memory();
    out.lent_stays = holds_content(held_part, 0, lent->data()) && on.store.stats().memory_used > 0;
    out.later.push_back(near.borrow(held_part, 0) ? came_from::here : came_from::its_home);
    lent->give_back();
    // Nobody reads it any more, and nobody asks that it be let go.
    co_await sleep_for(2 * near_chunks::hold);
    co_await on.store.drop_memory();
    out.left_in_memory = on.store.stats().memory_used;
}

}  // namespace

TEST_CASE("a chunk that is read again soon is held, and comes from its home again after a while") {
    near_steps seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return take_near_steps(on, seen); }));

    using enum came_from;
    CHECK(seen.soon_after == std::vector{its_home, its_home, here, here});
    CHECK(seen.later == std::vector{its_home, here});
    CHECK(seen.forgotten == std::vector{its_home, its_home, here});
    CHECK(seen.right);
    CHECK(seen.left_in_memory == 0);
}

TEST_CASE("a held chunk that a reader has stays until the reader gives it back, and no longer") {
    near_steps seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return lend_and_wait(on, seen); }));

    CHECK(seen.lent_stays);
    CHECK(seen.later == std::vector{came_from::its_home});
    CHECK(seen.left_in_memory == 0);
}

namespace {

const part_key other_part = numbered_part(2, 64_KiB);

struct late_arrival {
    std::vector<bool> held;
    std::uint64_t left_in_memory = 0;
};

// The home grants a chunk that was read before; before it is here, `happens`.
task<void> arrive_late(store_under_test on, void (*happens)(near_chunks&), late_arrival& out) {
    source_facts facts;
    bool right = true;
    (void)co_await bring(on.store, held_part, facts);
    near_chunks near(1_MiB, 1);
    (void)co_await read_through(near, on.store, held_part, right);
    const auto since = near.begin();
    for (int i = 0; i < 3; ++i) {
        auto lease = co_await on.store.read(held_part, 0, soon());
        LODE_ASSERT(lease.has_value());
        happens(near);
        (void)near.arrived(held_part, 0, std::move(*lease), since);
        out.held.push_back(near.borrow(held_part, 0).has_value());
    }
    co_await on.store.drop_memory();
    out.left_in_memory = on.store.stats().memory_used;
    co_await near.empty(1);
}

}  // namespace

TEST_CASE("a chunk that its home granted before the part was forgotten is not held") {
    const auto [happens, holds] = GENERATE(table<void (*)(near_chunks&), bool>(
        {{[](near_chunks&) {}, true},
         {[](near_chunks& n) { n.forget(held_part); }, false},
         {[](near_chunks& n) { n.forget(other_part); }, false}}));
    late_arrival seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return arrive_late(on, happens, seen); }));

    CHECK(seen.held == std::vector(3, holds));
    CHECK((seen.left_in_memory > 0) == holds);
}

namespace {

struct memory_then {
    std::uint64_t before = 0, after = 0;
};

// Two chunks are held, one soon after the other.
task<void> hold_two(store_under_test on, memory_then& out) {
    bool right = true;
    co_await bring_all(on.store, {held_part, other_part});
    near_chunks near(2_MiB, 1);
    for (int i = 0; i < 2; ++i) (void)co_await read_through(near, on.store, held_part, right);
    co_await sleep_for(10ms);
    for (int i = 0; i < 2; ++i) (void)co_await read_through(near, on.store, other_part, right);
    co_await on.store.drop_memory();
    out.before = on.store.stats().memory_used;
    co_await sleep_for(near_chunks::hold + 1ms);
    co_await on.store.drop_memory();
    out.after = on.store.stats().memory_used;
    co_await near.empty(1);
}

}  // namespace

TEST_CASE("each chunk is let go when its own time is over") {
    memory_then seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return hold_two(on, seen); }));

    CHECK(seen.before > 0);
    CHECK(seen.after == 0);
}

namespace {

// How many of eight small chunks are held.
task<void> hold_many(store_under_test on, bytes most, std::size_t& held) {
    bool right = true;
    const auto parts = numbered_parts(1, 8, 64_KiB);
    co_await bring_all(on.store, parts);
    near_chunks near(most, 1);
    for (int i = 0; i < 2; ++i) {
        for (const part_key& key : parts) (void)co_await read_through(near, on.store, key, right);
    }
    for (const part_key& key : parts) held += near.borrow(key, 0).has_value() ? 1U : 0U;
    co_await near.empty(1);
}

}  // namespace

TEST_CASE("a chunk that is held counts as a whole block, whatever its size") {
    const auto [most, expected] = GENERATE(table<bytes, std::size_t>(
        {{0_B, 0}, {1_MiB - 1_B, 0}, {1_MiB, 1}, {2_MiB - 1_B, 1}, {3_MiB, 3}, {64_MiB, 8}}));
    std::size_t held = 0;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return hold_many(on, most, held); }));

    CHECK(held == expected);
}

TEST_CASE("all cores together hold a sixteenth of one home's memory at most") {
    for (const bytes memory : {4_MiB, 64_MiB, 4_GiB, 256_GiB}) {
        for (std::size_t cores = 1; cores <= 128; ++cores) {
            const bytes home = memory / cores;
            CHECK(near_chunks::most_of(memory, cores) * (cores - 1) <= home / 16);
        }
    }
    CHECK(near_chunks::most_of(64_MiB, 2) == 2_MiB);
    CHECK(near_chunks::most_of(4_GiB, 16) > 1_MiB);
}

namespace {

struct many_reads {
    reading all;
    presence after_purge;
    reading purged;
    store_stats stats;
    std::uint64_t left_in_memory = 0;
};

task<void> read_many_times(store_under_test on, many_reads& out) {
    source_facts facts;
    const auto parts = numbered_parts(1, 8, 64_KiB);  // some have their home on either core
    co_await bring_all(on.store, parts);
    for (int round = 0; round < 20; ++round) {
        for (const part_key& key : parts) co_await read_chunk(on.store, key, 0, out.all);
    }
    out.stats = on.store.stats();
    for (const part_key& key : parts) {
        co_await on.store.purge(key);
        co_await read_chunk(on.store, key, 0, out.purged);
    }
    co_await on.store.drop_memory();
    out.left_in_memory = on.store.stats().memory_used;
}

}  // namespace

namespace {

struct inner_reads {
    std::uint32_t right = 0;
    store_stats before, after;
};

// As readers of ranges do that begin inside a chunk.
task<void> read_from_inside(store_under_test on, bytes beyond, inner_reads& out) {
    const auto parts = numbered_parts(1, 8, 64_KiB);
    co_await bring_all(on.store, parts);
    out.before = on.store.stats();
    for (int round = 0; round < 10; ++round) {
        for (const part_key& key : parts) {
            const auto got = co_await on.store.read(key, 0, soon(), beyond);
            out.right += got && holds_content(key, 0, got->data()) ? 1U : 0U;
        }
    }
    out.after = on.store.stats();
}

}  // namespace

TEST_CASE("what a core holds serves readers from inside a chunk, and is counted as at its home") {
    const auto [beyond, hits, bytes_each] =
        GENERATE(table<bytes, std::uint64_t, std::uint64_t>({{0_B, 80, 65536},
                                                             {1_B, 0, 65535},
                                                             {65535_B, 0, 1},
                                                             {65536_B, 0, 1},
                                                             {whole_chunk, 80, 65536}}));
    inner_reads seen;
    store_options o = small_store(128_MiB);
    o.cores = 2;
    o.shards = 8;

    run_on_rings(o, 0_B, [&](store_under_test on) { return read_from_inside(on, beyond, seen); });

    CHECK(seen.right == 80);
    CHECK(seen.after.hits_memory - seen.before.hits_memory == hits);
    CHECK(seen.after.bytes_memory - seen.before.bytes_memory == 80 * bytes_each);
}

TEST_CASE("chunks of another core are counted, purged and dropped as if nobody held them") {
    many_reads seen;
    store_options o = small_store(128_MiB);
    o.cores = 2;
    o.shards = 8;

    run_on_rings(o, 64_MiB, [&](store_under_test on) { return read_many_times(on, seen); });

    CHECK(seen.all.right == 160);
    CHECK(seen.all.wrong == 0);
    CHECK(seen.stats.hits_memory >= 160);
    CHECK(seen.purged.failed == std::map<errc, std::uint32_t>{{errc::not_found, 8}});
    CHECK(seen.left_in_memory == 0);
}
