// How a fill orders its work, what bounds it, and what its readers see of it.
#include "engine/runtime/scope.h"
#include "engine/store/part_store.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

#define ON_BOTH_WORLDS const world where = GENERATE(world::simulated, world::rings)

namespace {

using asked_for = std::vector<std::pair<part_offset, bytes>>;

std::pair<part_offset, bytes> chunks_at(std::uint32_t first, std::uint32_t count) {
    return {chunk_begin(first), chunk_size * count};
}

// Begins a fill of the whole part that wants `demanded` first.
task<void> begin_fill(part_store& store, part_key key, chunk_range demanded, source_facts& facts) {
    const auto begun =
        co_await store.fill(key, demanded, source_of(key, facts), fill_extent::whole_part);
    LODE_ASSERT(begun.has_value());
}

task<bool> over(part_store& store, part_key key) {
    co_return (co_await store.wait(key, now() + 1h)).has_value();
}

struct cold_range {
    reading got;
    std::uint64_t delivered_by_then = 0;
    presence at_last;
    source_facts facts{.pause = 1ms};
    store_stats stats;
};

task<void> read_a_footer(store_under_test on, cold_range& out) {
    const part_key key = numbered_part(1, 64_MiB);
    co_await begin_fill(on.store, key, {.first = 63, .count = 1}, out.facts);
    co_await read_chunk(on.store, key, 63, out.got);
    out.delivered_by_then = out.facts.delivered;
    (void)co_await over(on.store, key);
    out.at_last = co_await on.store.look(key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a reader of a cold part waits for what it wants only, and all of it comes") {
    ON_BOTH_WORLDS;
    cold_range seen;

    REQUIRE(run_store(where, small_store(160_MiB), 0_B,
                      [&](store_under_test on) { return read_a_footer(on, seen); }));

    CHECK(seen.got.right == 1);
    CHECK(seen.delivered_by_then < (2_MiB).count());
    CHECK(seen.facts.asked.front() == chunks_at(63, 1));
    CHECK(seen.at_last == presence{.memory = 64});
    CHECK(seen.facts.delivered == (64_MiB).count());
    CHECK(seen.stats.background_bytes == (63_MiB).count());
    CHECK(seen.stats.fills == 1);
    CHECK(seen.stats.fills_running == 0);
    CHECK(seen.stats.background_running == 0);
    CHECK(seen.stats.fill_pieces == seen.facts.fetches);
}

namespace {

task<void> read_it_all(store_under_test on, part_key key, source_facts& facts, reading& out) {
    co_await begin_fill(on.store, key, whole(key), facts);
    out = co_await read_all(on.store, key);
}

}  // namespace

TEST_CASE("what is demanded comes in order, in pieces, several at the same time") {
    ON_BOTH_WORLDS;
    source_facts facts{.pause = 1ms};
    reading seen;
    store_options o = small_store(160_MiB);
    o.fetch_size = 8_MiB;
    o.fetch_parallel = 4;

    REQUIRE(run_store(where, o, 0_B, [&](store_under_test on) {
        return read_it_all(on, numbered_part(1, 45_MiB + 5_B), facts, seen);
    }));

    CHECK(seen.right == 46);
    CHECK(facts.asked == asked_for{chunks_at(0, 8),
                                   chunks_at(8, 8),
                                   chunks_at(16, 8),
                                   chunks_at(24, 8),
                                   chunks_at(32, 8),
                                   {chunk_begin(40), 5_MiB + 5_B}});
    CHECK(facts.fetching_most == 4);
    CHECK(facts.delivered == (45_MiB + 5_B).count());
}

namespace {

struct late_joiner {
    reading first, late;
    duration waited{0};
    source_facts facts{.pause = 10ms};  // 40 ms for a chunk
    source_facts dropped;
    store_stats stats;
};

task<void> join_late(store_under_test on, late_joiner& out) {
    const part_key key = numbered_part(1, 40_MiB);
    scope reader;
    reader.spawn(read_it_all(on, key, out.facts, out.first));
    co_await sleep_for(5ms);
    const time_point begun = now();
    co_await begin_fill(on.store, key, {.first = 38, .count = 2}, out.dropped);
    co_await read_chunk(on.store, key, 38, out.late);
    out.waited = now() - begun;
    co_await reader.close();
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("whoever joins a fill late is served next, from the source that is there") {
    late_joiner seen;
    store_options o = small_store(160_MiB);
    o.fetch_size = 4_MiB;
    o.fetch_parallel = 2;

    REQUIRE(run_store(world::simulated, o, 0_B,
                      [&](store_under_test on) { return join_late(on, seen); }));

    CHECK(seen.first.right == 40);
    CHECK(seen.late.right == 1);
    // One piece ends, and then comes its chunk.
    CHECK(seen.waited < 250ms);
    CHECK(seen.facts.asked[2] == chunks_at(38, 2));
    CHECK(seen.facts.delivered == (40_MiB).count());
    CHECK(seen.dropped.fetches == 0);
    CHECK(seen.dropped.alive == 0);
    CHECK(seen.stats.fills == 1);
    CHECK(seen.stats.fills_joined == 1);
}

namespace {

struct promotion {
    reading got;
    duration waited{0};
    source_facts facts{.pause = 10ms};
    store_stats stats;
};

task<void> read_out_of_turn(store_under_test on, std::uint32_t chunk, promotion& out) {
    const part_key key = numbered_part(1, 40_MiB);
    co_await begin_fill(on.store, key, {}, out.facts);
    co_await sleep_for(5ms);
    const time_point begun = now();
    co_await read_chunk(on.store, key, chunk, out.got);
    out.waited = now() - begun;
    out.stats = on.store.stats();
    (void)co_await over(on.store, key);
}

}  // namespace

TEST_CASE("a chunk that somebody waits for comes before what nobody waits for") {
    promotion seen;

    REQUIRE(run_store(world::simulated, small_store(160_MiB), 0_B,
                      [&](store_under_test on) { return read_out_of_turn(on, 30, seen); }));

    CHECK(seen.got.right == 1);
    CHECK(seen.waited < 50ms);
    CHECK(seen.facts.asked[0] == chunks_at(0, 4));
    CHECK(seen.facts.asked[1] == chunks_at(4, 4));
    CHECK(seen.facts.asked[2] == chunks_at(30, 2));
    CHECK(seen.stats.chunks_promoted >= 1);
    CHECK(seen.facts.delivered == (40_MiB).count());
}

TEST_CASE("a chunk that is being fetched in the background already is not fetched twice") {
    promotion seen;

    REQUIRE(run_store(world::simulated, small_store(160_MiB), 0_B,
                      [&](store_under_test on) { return read_out_of_turn(on, 3, seen); }));

    CHECK(seen.got.right == 1);
    CHECK(seen.waited < 200ms);
    CHECK(seen.stats.chunks_promoted == 1);
    CHECK(seen.facts.delivered == (40_MiB).count());
}

namespace {

struct staging {
    std::array<source_facts, 6> parts;
    source_facts all{.pause = 1ms};
    reading demanded;
    duration demand_took{0};
    std::uint32_t staged = 0;
    duration took{0};
    store_stats stats;
};

task<void> stage_six(store_under_test on, staging& out) {
    const time_point begun = now();
    for (std::uint64_t i = 0; i < 6; ++i) {
        co_await begin_fill(on.store, numbered_part(i, 9_MiB), {}, out.all);
    }
    source_facts mine{.pause = 1ms};
    const part_key other = numbered_part(10, 1_MiB);
    const time_point demanded = now();
    co_await begin_fill(on.store, other, whole(other), mine);
    co_await read_chunk(on.store, other, 0, out.demanded);
    out.demand_took = now() - demanded;
    for (std::uint64_t i = 0; i < 6; ++i) {
        (void)co_await over(on.store, numbered_part(i, 9_MiB));
        out.staged += (co_await on.store.look(numbered_part(i, 9_MiB))).memory;
    }
    out.took = now() - begun;
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("what nobody waits for is fetched two pieces at a time, and nobody waits for it") {
    ON_BOTH_WORLDS;
    staging seen;

    REQUIRE(run_store(where, small_store(160_MiB), 0_B,
                      [&](store_under_test on) { return stage_six(on, seen); }));

    CHECK(seen.staged == 54);
    CHECK(seen.all.fetching_most == 2);
    CHECK(seen.demanded.right == 1);
    if (where == world::simulated) CHECK(seen.demand_took < 10ms);
    CHECK(seen.stats.background_bytes == (54_MiB).count());
    CHECK(seen.stats.background_running == 0);
}

TEST_CASE("what nobody waits for can be slowed down") {
    staging seen;
    store_options o = small_store(160_MiB);
    o.background_rate = 9_MiB;

    REQUIRE(run_store(world::simulated, o, 0_B,
                      [&](store_under_test on) { return stage_six(on, seen); }));

    CHECK(seen.staged == 54);
    CHECK(seen.took >= 5s);
    CHECK(seen.took < 9s);
    CHECK(seen.demand_took < 10ms);
}

namespace {

struct turns {
    source_facts slow{.pause = 1s};
    source_facts other;
    std::uint64_t other_before = 0;
    std::uint64_t other_after = 0;
};

task<void> give_a_turn_back(store_under_test on, turns& out) {
    const part_key slow = numbered_part(1, 4_MiB);
    const part_key other = numbered_part(2, 4_MiB);
    co_await begin_fill(on.store, slow, {}, out.slow);
    co_await begin_fill(on.store, other, {}, out.other);
    co_await sleep_for(1s);
    out.other_before = out.other.delivered;
    (void)co_await on.store.read(slow, 3, now() + 1s, whole_chunk);
    out.other_after = out.other.delivered;
    (void)co_await over(on.store, slow);
    (void)co_await over(on.store, other);
}

}  // namespace

TEST_CASE("a piece that somebody comes to wait for makes room for another one") {
    turns seen;
    store_options o = small_store();
    o.background_fetches = 1;

    REQUIRE(run_store(world::simulated, o, 0_B,
                      [&](store_under_test on) { return give_a_turn_back(on, seen); }));

    CHECK(seen.other_before == 0);
    CHECK(seen.other_after == (4_MiB).count());
    CHECK(seen.slow.delivered == (4_MiB).count());
}

namespace {

struct arriving {
    std::vector<std::size_t> lengths;
    bool right = true;
    bool prefix_kept = false;
    duration first_byte{0};
    duration last_byte{0};
    errc after_failure = errc::io;
    std::uint64_t held = 0;  // bytes of memory, after the failure
    store_stats stats;
};

bool begins_content(const part_key& key, std::uint32_t chunk, std::span<const std::byte> data) {
    const auto all = content_of(key, chunk);
    return data.size() <= all.size() && same_bytes(std::span(all).first(data.size()), data);
}

// Reads one chunk as it arrives.
task<void> follow(part_store& store, part_key key, arriving& out) {
    const time_point begun = now();
    chunk_lease last;
    std::size_t have = 0;
    while (have < chunk_length(key.length, 0).count()) {
        auto got = co_await store.read(key, 0, soon(), bytes(have));
        if (!got) {
            out.after_failure = got.error().code;
            break;
        }
        if (have == 0) out.first_byte = now() - begun;
        have = got->data().size();
        out.lengths.push_back(have);
        out.right = out.right && begins_content(key, 0, got->data());
        last = std::move(*got);
    }
    out.last_byte = now() - begun;
    out.prefix_kept = begins_content(key, 0, last.data());
    out.held = store.stats().memory_used;
}

task<void> follow_a_chunk(store_under_test on, source_facts& facts, arriving& out) {
    const part_key key = numbered_part(1, 1_MiB);
    co_await begin_fill(on.store, key, whole(key), facts);
    co_await follow(on.store, key, out);
    (void)co_await over(on.store, key);
    (void)co_await on.store.look(key);  // behind the lease that goes home
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a chunk is read while it arrives, in steps of 64 KiB") {
    ON_BOTH_WORLDS;
    source_facts facts{.piece = 10'000, .pause = 100us};
    arriving seen;

    REQUIRE(run_store(where, small_store(), 0_B,
                      [&](store_under_test on) { return follow_a_chunk(on, facts, seen); }));

    CHECK(seen.right);
    CHECK(seen.prefix_kept);
    REQUIRE(!seen.lengths.empty());
    CHECK(seen.lengths.back() == (1_MiB).count());
    CHECK(seen.lengths.size() <= 17);
    for (std::size_t i = 2; i + 1 < seen.lengths.size(); ++i) {
        CHECK(seen.lengths[i] - seen.lengths[i - 1] >= 65'536);
    }
    if (where == world::simulated) {
        CHECK(seen.lengths.front() == 10'000);
        CHECK(seen.lengths.size() >= 14);
        CHECK(seen.first_byte <= 200us);
        CHECK(seen.last_byte >= 10ms);
    }
    CHECK(seen.stats.hits_filling + seen.stats.hits_memory == 1);
    CHECK(seen.stats.bytes_filling + seen.stats.bytes_memory == (1_MiB).count());
}

TEST_CASE("a chunk that stops arriving keeps its readers' bytes, and tells them") {
    ON_BOTH_WORLDS;
    source_facts facts{.fail_after = 520'000, .piece = 10'000, .pause = 100us};
    arriving seen;

    REQUIRE(run_store(where, small_store(), 0_B,
                      [&](store_under_test on) { return follow_a_chunk(on, facts, seen); }));

    CHECK(seen.right);
    CHECK(seen.prefix_kept);
    CHECK(seen.after_failure == errc::closed);
    CHECK(seen.lengths.back() >= 400'000);
    CHECK(seen.held == (1_MiB).count());
    CHECK(seen.stats.memory_used == 0);
    CHECK(seen.stats.parts == 0);
}

namespace {

struct slow_reader {
    std::array<reading, 4> got;
    std::array<source_facts, 4> facts;
    store_stats stats;
};

task<void> read_slowly(part_store& store, part_key key, source_facts& facts, duration pause,
                       reading& out) {
    co_await begin_fill(store, key, whole(key), facts);
    for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
        co_await sleep_for(pause);
        co_await read_chunk(store, key, n, out);
    }
}

task<void> read_slowly(store_under_test on, slow_reader& out) {
    scope readers;
    for (std::size_t i = 0; i < 4; ++i) {
        readers.spawn(read_slowly(on.store, numbered_part(i, 40_MiB), out.facts[i], 1ms * (i + 1),
                                  out.got[i]));
    }
    co_await readers.close();
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("without a device, nothing is fetched so far ahead of its reader that it is lost") {
    ON_BOTH_WORLDS;
    slow_reader seen;
    store_options o = small_store(64_MiB);
    o.cores = 2;

    REQUIRE(run_store(where, o, 0_B, [&](store_under_test on) { return read_slowly(on, seen); }));

    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(seen.got[i].right == 40);
        CHECK(seen.facts[i].delivered == (40_MiB).count());
    }
    CHECK(seen.stats.fills == 4);
}

namespace {

struct leaving {
    source_facts facts;
    presence at_last;
    duration took{0};
    store_stats stats;
};

task<void> read_a_little_and_leave(store_under_test on, bytes length, leaving& out) {
    const part_key key = numbered_part(1, length);
    const time_point begun = now();
    reading ignored;
    co_await begin_fill(on.store, key, whole(key), out.facts);
    co_await read_chunk(on.store, key, 0, ignored);
    co_await read_chunk(on.store, key, 1, ignored);
    (void)co_await over(on.store, key);
    out.took = now() - begun;
    out.at_last = co_await on.store.look(key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("when its reader leaves, a part that fits into memory comes as a whole") {
    leaving seen;

    REQUIRE(run_store(world::simulated, small_store(80_MiB), 0_B, [&](store_under_test on) {
        return read_a_little_and_leave(on, 40_MiB, seen);
    }));

    CHECK(seen.at_last == presence{.memory = 40});
    CHECK(seen.took < 11s);
}

TEST_CASE("when its reader leaves, a part that fits nowhere is not fetched any more") {
    leaving seen;

    REQUIRE(run_store(world::simulated, small_store(16_MiB), 0_B, [&](store_under_test on) {
        return read_a_little_and_leave(on, 40_MiB, seen);
    }));

    CHECK(seen.facts.delivered <= (11_MiB).count());
    CHECK(seen.at_last.filling == 0);
    CHECK(seen.at_last.absent >= 29);
    CHECK(seen.took < 11s);
    CHECK(seen.stats.fills_running == 0);
}

TEST_CASE("with a device the whole part comes, be it larger than memory") {
    ON_BOTH_WORLDS;
    leaving seen;

    REQUIRE(run_store(where, small_store(16_MiB), 64_MiB, [&](store_under_test on) {
        return read_a_little_and_leave(on, 40_MiB, seen);
    }));

    CHECK(seen.at_last.absent == 0);
    CHECK(seen.at_last.disk + seen.at_last.memory == 40);
}

TEST_CASE("of a part that the device has no room for, the rest is not fetched for nothing") {
    leaving seen;

    REQUIRE(run_store(world::simulated, small_store(8_MiB), 24_MiB, [&](store_under_test on) {
        return read_a_little_and_leave(on, 200_MiB, seen);
    }));

    CHECK(seen.facts.delivered < (60_MiB).count());
    CHECK(seen.stats.fills_running == 0);
}

namespace {

struct second_wish {
    reading first, second;
    std::uint64_t alive_between = 1;
    source_facts facts, later;
    store_stats stats;
};

task<void> want_more_later(store_under_test on, second_wish& out) {
    const part_key key = numbered_part(1, 40_MiB);
    co_await begin_fill(on.store, key, {.first = 0, .count = 4}, out.facts);
    (void)co_await over(on.store, key);
    out.alive_between = out.facts.alive;
    co_await begin_fill(on.store, key, {.first = 20, .count = 2}, out.later);
    co_await read_chunk(on.store, key, 20, out.second);
    co_await read_chunk(on.store, key, 21, out.second);
    for (std::uint32_t n = 0; n < 4; ++n) co_await read_chunk(on.store, key, n, out.first);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a fill that waits for its readers only has no source, and takes another one") {
    ON_BOTH_WORLDS;
    second_wish seen;

    REQUIRE(run_store(where, small_store(16_MiB), 0_B,
                      [&](store_under_test on) { return want_more_later(on, seen); }));

    CHECK(seen.alive_between == 0);
    CHECK(seen.first.right == 4);
    CHECK(seen.second.right == 2);
    CHECK(seen.facts.delivered == (4_MiB).count());
    CHECK(seen.later.delivered == (2_MiB).count());
    CHECK(seen.stats.fills == 1);
}

namespace {

struct only_demand {
    source_facts facts;
    presence at_last;
};

task<void> want_one(store_under_test on, only_demand& out) {
    const part_key key = numbered_part(1, 40_MiB);
    co_await begin_fill(on.store, key, {.first = 7, .count = 1}, out.facts);
    (void)co_await over(on.store, key);
    out.at_last = co_await on.store.look(key);
}

}  // namespace

TEST_CASE("of a part that can be kept nowhere only what is demanded is fetched") {
    ON_BOTH_WORLDS;
    only_demand seen;

    REQUIRE(run_store(where, small_store(16_MiB), 0_B,
                      [&](store_under_test on) { return want_one(on, seen); }));

    CHECK(seen.facts.asked == asked_for{chunks_at(7, 1)});
    CHECK(seen.at_last == presence{.memory = 1, .absent = 39});
}

namespace {

struct waiting {
    bool at_once = false;
    errc too_soon = errc::io;
    bool later = false;
    presence between, at_last;
};

task<void> wait_for_it(store_under_test on, waiting& out) {
    const part_key key = numbered_part(1, 5_MiB);
    source_facts facts{.pause = 100ms};
    out.at_once = (co_await on.store.wait(key, now())).has_value();
    co_await begin_fill(on.store, key, {}, facts);
    out.too_soon = (co_await on.store.wait(key, now() + 10ms)).error().code;
    out.between = co_await on.store.look(key);
    out.later = co_await over(on.store, key);
    out.at_last = co_await on.store.look(key);
}

}  // namespace

TEST_CASE("the end of a fill can be waited for") {
    ON_BOTH_WORLDS;
    waiting seen;

    REQUIRE(run_store(where, small_store(), 0_B,
                      [&](store_under_test on) { return wait_for_it(on, seen); }));

    CHECK(seen.at_once);
    CHECK(seen.too_soon == errc::timed_out);
    CHECK(seen.between == presence{.filling = 5});
    CHECK(seen.later);
    CHECK(seen.at_last == presence{.memory = 5});
}

namespace {

struct failing {
    reading got;
    presence at_last;
    reading again;
    store_stats stats;
    source_facts facts{.fail_after = (20_MiB).count(), .pause = 1ms};
    source_facts better;
};

task<void> fail_in_parallel(store_under_test on, failing& out) {
    const part_key key = numbered_part(1, 40_MiB);
    co_await begin_fill(on.store, key, whole(key), out.facts);
    out.got = co_await read_all(on.store, key);
    (void)co_await over(on.store, key);
    out.at_last = co_await on.store.look(key);
    co_await begin_fill(on.store, key, whole(key), out.better);
    out.again = co_await read_all(on.store, key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("when one piece fails its fill ends, and what had arrived is not fetched again") {
    ON_BOTH_WORLDS;
    failing seen;

    REQUIRE(run_store(where, small_store(160_MiB), 0_B,
                      [&](store_under_test on) { return fail_in_parallel(on, seen); }));

    CHECK(seen.got.wrong == 0);
    CHECK(seen.got.failed[errc::closed] + seen.got.failed[errc::not_found] + seen.got.right == 40);
    CHECK(seen.at_last.filling == 0);
    CHECK(seen.at_last.absent >= 20);
    CHECK(seen.again.right == 40);
    CHECK(seen.better.delivered == seen.at_last.absent * (1_MiB).count());
    CHECK(seen.facts.alive + seen.better.alive == 0);
    CHECK(seen.stats.fill_errors == 1);
    CHECK(seen.stats.fills_running == 0);
}
