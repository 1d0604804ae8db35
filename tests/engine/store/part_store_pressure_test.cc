// The store when something runs short, breaks or stalls.
#include "engine/runtime/scope.h"
#include "engine/store/format.h"
#include "engine/store/part_store.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

#define ON_BOTH_WORLDS const world where = GENERATE(world::simulated, world::rings)

namespace {

struct pressure {
    std::uint32_t pinned_right = 0;
    std::uint32_t kept = 0;  // chunks of parts that were read right
    std::uint32_t wrong = 0;
    std::uint32_t missed = 0;
    reading newest;
    reading oldest;
    store_stats stats;
};

// Ten times the memory and three times the device pass by while one chunk is pinned.
task<void> press(store_under_test on, pressure& out) {
    const part_key held = numbered_part(1000, 1_MiB);
    source_facts facts;
    (void)co_await bring(on.store, held, facts);
    auto lease = co_await on.store.read(held, 0, soon(), whole_chunk);
    LODE_ASSERT(lease.has_value());
    for (std::uint64_t i = 0; i < 30; ++i) {
        const reading passed = co_await bring(on.store, numbered_part(i, 3_MiB + 200_KiB), facts);
        out.wrong += passed.wrong;
    }
    out.pinned_right = holds_content(held, 0, lease->data()) ? 1 : 0;
    lease->give_back();
    out.newest = co_await read_all(on.store, numbered_part(29, 3_MiB + 200_KiB));
    out.oldest = co_await read_all(on.store, numbered_part(0, 3_MiB + 200_KiB));
    for (std::uint64_t i = 0; i < 30; ++i) {
        reading again = co_await read_all(on.store, numbered_part(i, 3_MiB + 200_KiB));
        out.kept += again.right;
        out.wrong += again.wrong;
        out.missed += again.failed[errc::not_found];
    }
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("more than memory and device hold passes through; what was used last is kept") {
    ON_BOTH_WORLDS;
    pressure seen;

    REQUIRE(run_store(where, small_store(8_MiB), 33_MiB + 600_KiB,
                      [&](store_under_test on) { return press(on, seen); }));

    CHECK(seen.pinned_right == 1);
    CHECK(seen.wrong == 0);
    CHECK(seen.newest.right == 4);
    CHECK(seen.oldest.failed == std::map<errc, std::uint32_t>{{errc::not_found, 4}});
    CHECK(seen.kept >= 8 * 4);
    CHECK(seen.kept + seen.missed == 30 * 4);
    CHECK(seen.stats.evicted_disk_parts > 0);
    CHECK(seen.stats.evicted_memory_chunks > 0);
    CHECK(seen.stats.device_used <= seen.stats.device_capacity);
    CHECK(seen.stats.memory_used <= seen.stats.memory_capacity);
    CHECK(seen.stats.checksum_failures == 0);
}

namespace {

struct bad_luck {
    reading corrupt, after_refill, unreadable, unwritten, dropped;
    store_stats stats;
};

task<void> suffer(store_under_test on, bad_luck& out) {
    const part_key key = numbered_part(1, 4_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    // Every bit of the data area is as likely; the four chunks are all there is.
    for (std::uint64_t at = 1 << 20; at < 8 << 20; at += 4096) {
        on.disk->flip_bit(device_offset(at + 100), 3);
    }
    out.corrupt = co_await read_all(on.store, key);
    out.after_refill = co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({.read_error = 1});
    out.unreadable = co_await read_all(on.store, key);
    for (simulated_device* d : *on.devices) d->set_faults({.write_error = 1});
    out.unwritten = co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    out.dropped = co_await read_all(on.store, key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("wrong bits, unreadable and unwritable chunks are misses, counted, never served") {
    bad_luck seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return suffer(on, seen); }));

    const std::map<errc, std::uint32_t> all_missed{{errc::not_found, 4}};
    CHECK(seen.corrupt.failed == all_missed);
    CHECK(seen.after_refill.right == 4);
    CHECK(seen.unreadable.failed == all_missed);
    CHECK(seen.unwritten.right == 4);
    CHECK(seen.dropped.failed == all_missed);
    CHECK(seen.stats.checksum_failures == 4);
    CHECK(seen.stats.device_read_errors == 4);
    CHECK(seen.stats.device_write_errors >= 4);  // and the tables
    CHECK(seen.stats.device_used == 0);
    CHECK(seen.stats.parts == 0);
}

namespace {

struct stalled {
    errc impatient = errc::io;
    reading patient;
    bool purged_and_right = false;
    store_stats stats;
};

task<void> purge_later(part_store& store, part_key key) {
    co_await sleep_for(1s);
    co_await store.purge(key);
}

task<void> stall(store_under_test on, stalled& out) {
    const part_key key = numbered_part(1, 1_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({.stall = 1, .stall_time = 3s});
    out.impatient = (co_await on.store.read(key, 0, now() + 1s)).error().code;
    co_await read_chunk(on.store, key, 0, out.patient);
    // Purged while it is being read: who waits gets it, and then it is gone.
    co_await on.store.drop_memory();
    scope others;
    others.spawn(purge_later(on.store, key));
    auto got = co_await on.store.read(key, 0, soon(), whole_chunk);
    out.purged_and_right = got.has_value() && holds_content(key, 0, got->data());
    if (got) got->give_back();
    co_await others.close();
    for (simulated_device* d : *on.devices) d->set_faults({});
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a device that stalls costs only those who will not wait") {
    stalled seen;

    REQUIRE(run_store(world::simulated, small_store(), 32_MiB,
                      [&](store_under_test on) { return stall(on, seen); }));

    CHECK(seen.impatient == errc::timed_out);
    CHECK(seen.patient.right == 1);
    CHECK(seen.purged_and_right);
    CHECK(seen.stats.parts == 0);
    CHECK(seen.stats.device_used == 0);
    CHECK(seen.stats.memory_used == 0);
}

namespace {

struct recency {
    presence read_often, never_read;
};

task<void> keep_reading_one(store_under_test on, recency& out) {
    source_facts facts;
    for (std::uint64_t i = 0; i < 8; ++i) {
        (void)co_await bring(on.store, numbered_part(i, 4_MiB), facts);
        (void)co_await read_all(on.store, numbered_part(0, 4_MiB));
    }
    co_await on.store.drop_memory();
    out.read_often = co_await on.store.look(numbered_part(0, 4_MiB));
    out.never_read = co_await on.store.look(numbered_part(1, 4_MiB));
}

}  // namespace

TEST_CASE("a part that is read again and again outlives newer ones on the device") {
    ON_BOTH_WORLDS;
    recency seen;

    REQUIRE(run_store(where, small_store(), 17_MiB + 200_KiB,
                      [&](store_under_test on) { return keep_reading_one(on, seen); }));

    CHECK(seen.read_often == presence{.disk = 4});
    CHECK(seen.never_read == presence{.absent = 4});
}

namespace {

struct bounds {
    errc second_fill = errc::io;
    bool source_dropped = false;
    std::uint32_t claims_beside_a_stalled_device = 0;
    std::uint64_t frames_left = 0;
    reading filled_beside_a_stalled_device;
};

task<void> reach_bounds(store_under_test on, bounds& out) {
    const part_key slow_part = numbered_part(1, 1_MiB);
    source_facts slow{.pause = 10ms};
    source_facts other;
    (void)co_await on.store.fill(slow_part, whole(slow_part), source_of(slow_part, slow));
    const part_key next = numbered_part(2, 1_MiB);
    out.second_fill =
        (co_await on.store.fill(next, whole(next), source_of(next, other))).error().code;
    out.source_dropped = other.alive == 0;
    (void)co_await read_all(on.store, slow_part);
    LODE_ASSERT((co_await on.store.settle(soon())).has_value());
    co_await on.store.drop_memory();

    for (simulated_device* d : *on.devices) d->set_faults({.stall = 1, .stall_time = 5s});
    for (std::uint64_t i = 10; i < 20; ++i) {
        auto claim = co_await on.store.claim(numbered_part(i, 1_MiB), 0);
        if (!claim) break;
        claim->publish();
        ++out.claims_beside_a_stalled_device;
    }
    const part_key late = numbered_part(30, 1_MiB);
    (void)co_await on.store.fill(late, whole(late), source_of(late, other));
    out.filled_beside_a_stalled_device = co_await read_all(on.store, late);
    const store_stats now_used = on.store.stats();
    out.frames_left = (now_used.memory_capacity - now_used.memory_used) / (1_MiB).count();
    LODE_ASSERT((co_await on.store.settle(now() + 60s)).has_value());
}

}  // namespace

TEST_CASE("fills are bounded, and what waits for a device takes half of the memory at most") {
    store_options o = small_store(8_MiB);
    o.fills_max = 1;
    bounds seen;

    REQUIRE(run_store(world::simulated, o, 32_MiB,
                      [&](store_under_test on) { return reach_bounds(on, seen); }));

    CHECK(seen.second_fill == errc::overloaded);
    CHECK(seen.source_dropped);
    CHECK(seen.claims_beside_a_stalled_device == 4);
    CHECK(seen.filled_beside_a_stalled_device.failed ==
          std::map<errc, std::uint32_t>{{errc::no_space, 1}});
    CHECK(seen.frames_left == 4);
}

namespace {

task<void> leave_no_traces(store_under_test on, std::vector<std::byte>& slot) {
    source_facts facts;
    for (std::uint64_t i = 0; i < 4; ++i) {
        (void)co_await bring(on.store, numbered_part(i, 1_MiB), facts);
        co_await on.store.purge(numbered_part(i, 1_MiB));
    }
    (void)co_await bring(on.store, numbered_part(9, 5_KiB), facts);
    const auto cut = format::choose_geometry(32_MiB, {.shards = 1, .slab_data = 1_MiB});
    const auto at = format::slot_begin(*cut, 0, size_class(1), {.slab = 0, .slot = 0});
    slot.resize((8_KiB).count());
    LODE_ASSERT((co_await on.devices->front()->read(at, slot)).has_value());
}

}  // namespace

TEST_CASE("the rest of a chunk's last block is zero, not what the frame held before") {
    std::vector<std::byte> slot;

    REQUIRE(run_store(world::simulated, small_store(2_MiB), 32_MiB,
                      [&](store_under_test on) { return leave_no_traces(on, slot); }));

    const std::span<const std::byte> seen(slot);
    CHECK(holds_content(numbered_part(9, 5_KiB), 0, seen.first((5_KiB).count())));
    CHECK(std::ranges::all_of(seen.subspan((5_KiB).count()),
                              [](std::byte b) { return b == std::byte{0}; }));
}

namespace {

struct full_device {
    std::uint32_t right = 0;
    store_stats stats;
};

// Leases on every part that the device holds: none of them may give way.
task<void> fill_up(store_under_test on, full_device& out) {
    source_facts facts;
    std::vector<chunk_lease> held;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const part_key key = numbered_part(i, 1_MiB);
        const reading got = co_await bring(on.store, key, facts);
        out.right += got.right;
        auto lease = co_await on.store.read(key, 0, soon(), whole_chunk);
        LODE_ASSERT(lease.has_value());
        held.push_back(std::move(*lease));
    }
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("when nothing on the device may give way, a chunk stays in memory only") {
    ON_BOTH_WORLDS;
    full_device seen;

    REQUIRE(run_store(where, small_store(64_MiB), 17_MiB + 200_KiB,
                      [&](store_under_test on) { return fill_up(on, seen); }));

    CHECK(seen.right == 20);
    CHECK(seen.stats.chunks_disk == 16);
    CHECK(seen.stats.no_space == 4);
    CHECK(seen.stats.evicted_disk_chunks == 0);
}

namespace {

task<void> many_small_parts(store_under_test on, store_stats& out, std::uint32_t& right) {
    source_facts facts;
    for (std::uint64_t i = 0; i < 300; ++i) {
        const reading got = co_await bring(on.store, numbered_part(i, 100_B), facts);
        right += got.right;
        // On the device only, so that there is nothing to win in memory.
        co_await on.store.drop_memory();
    }
    out = on.store.stats();
}

}  // namespace

TEST_CASE("a full index lets the coldest parts go") {
    ON_BOTH_WORLDS;
    store_options o = small_store();
    o.parts_max = GENERATE(3U, 100U);
    o.shards = 4;
    store_stats seen;
    std::uint32_t right = 0;

    REQUIRE(run_store(where, o, 32_MiB,
                      [&](store_under_test on) { return many_small_parts(on, seen, right); }));

    CHECK(right == 300);
    CHECK(seen.parts <= o.parts_max);
    CHECK(seen.parts >= o.parts_max * 9 / 10);
}
