// The store as its users see it, on the simulator and on real rings over a file.
#include "engine/store/part_store.h"

#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

#define ON_BOTH_WORLDS const world where = GENERATE(world::simulated, world::rings)

namespace {

struct first_steps {
    reading absent, filled, memory, disk, memory_again;
    presence seen_absent, seen_memory, seen_disk, seen_middle;
    source_facts facts;
    store_stats stats;
};

task<void> take_first_steps(store_under_test on, first_steps& out) {
    const part_key key = numbered_part(1, 3_MiB + 5_KiB);
    out.absent = co_await read_all(on.store, key);
    out.seen_absent = co_await on.store.look(key);
    out.filled = co_await bring(on.store, key, out.facts);
    out.seen_memory = co_await on.store.look(key);
    out.memory = co_await read_all(on.store, key);
    co_await on.store.drop_memory();
    out.seen_disk = co_await on.store.look(key);
    out.seen_middle = co_await on.store.look(key, {.first = 2, .count = 7});
    out.disk = co_await read_all(on.store, key);
    out.memory_again = co_await read_all(on.store, key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a part is absent, then filled, then read from memory, then from the device") {
    ON_BOTH_WORLDS;
    first_steps seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return take_first_steps(on, seen); }));

    CHECK(seen.absent.failed == std::map<errc, std::uint32_t>{{errc::not_found, 4}});
    CHECK(seen.seen_absent == presence{.absent = 4});
    CHECK(seen.filled.right == 4);
    CHECK(seen.seen_memory == presence{.memory = 4});
    CHECK(seen.memory.right == 4);
    CHECK(seen.memory.from == std::map<chunk_source, std::uint32_t>{{chunk_source::memory, 4}});
    CHECK(seen.seen_disk == presence{.disk = 4});
    CHECK(seen.seen_middle == presence{.disk = 2});
    CHECK(seen.disk.right == 4);
    CHECK(seen.disk.from == std::map<chunk_source, std::uint32_t>{{chunk_source::disk, 4}});
    CHECK(seen.memory_again.from ==
          std::map<chunk_source, std::uint32_t>{{chunk_source::memory, 4}});
    CHECK(seen.facts.delivered == (3_MiB + 5_KiB).count());
    CHECK(seen.facts.alive == 0);
    CHECK(seen.stats.misses == 4);
    CHECK(seen.stats.chunks_filled == 4);
    CHECK(seen.stats.hits_disk == 4);
    CHECK(seen.stats.device_write_bytes == (3_MiB + 8_KiB).count() + seen.stats.table_write_bytes);
    CHECK(seen.stats.bytes_admitted == seen.stats.bytes_filled);
    CHECK(seen.stats.device_used == (3_MiB + 8_KiB).count());
    CHECK(seen.stats.device_waste == (3_KiB).count());
    CHECK(seen.stats.chunks_disk == 4);
    CHECK(seen.stats.parts == 1);
}

namespace {

task<void> read_and_fill(part_store& store, part_key key, reading& into, source_facts& facts) {
    const auto begun = co_await store.fill(key, whole(key), source_of(key, facts));
    LODE_ASSERT(begun.has_value());
    const reading mine = co_await read_all(store, key);
    into.right += mine.right;
    into.wrong += mine.wrong;
}

task<void> many_readers(store_under_test on, reading& out, source_facts& facts) {
    scope readers;
    for (int i = 0; i < 32; ++i) {
        readers.spawn(read_and_fill(on.store, numbered_part(1, 4_MiB + 1_B), out, facts));
    }
    co_await readers.close();
}

}  // namespace

TEST_CASE("however many readers want a part, it is fetched once") {
    ON_BOTH_WORLDS;
    reading seen;
    source_facts facts{.pause = 1ms};

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return many_readers(on, seen, facts); }));

    CHECK(seen.right == 32 * 5);
    CHECK(seen.wrong == 0);
    CHECK(facts.delivered == (4_MiB + 1_B).count());
    CHECK(facts.alive == 0);
}

namespace {

task<void> readers_of_one_chunk(store_under_test on, reading& out, std::uint64_t& device_reads) {
    const part_key key = numbered_part(1, 1_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    const std::uint64_t before = on.store.stats().device_reads;
    scope readers;
    for (int i = 0; i < 16; ++i) readers.spawn(read_chunk(on.store, key, 0, out));
    co_await readers.close();
    device_reads = on.store.stats().device_reads - before;
}

}  // namespace

TEST_CASE("readers of one chunk share one device read") {
    ON_BOTH_WORLDS;
    reading seen;
    std::uint64_t device_reads = 0;

    REQUIRE(run_store(where, small_store(), 32_MiB, [&](store_under_test on) {
        return readers_of_one_chunk(on, seen, device_reads);
    }));

    CHECK(seen.right == 16);
    CHECK(device_reads == 1);
}

namespace {

struct claims {
    bool first = false;
    errc second = errc::io;
    errc waiter_of_abandoned = errc::io;
    errc of_present = errc::io;
    bool kept_after_publish = false;
    reading memory, disk;
    store_stats stats;
};

task<void> wait_for(part_store& store, part_key key, errc& out) {
    auto got = co_await store.read(key, 0, soon());
    LODE_ASSERT(!got.has_value());
    out = got.error().code;
}

task<void> claim_chunks(store_under_test on, claims& out) {
    const part_key key = numbered_part(1, 300_KiB + 7_B);
    auto abandoned = co_await on.store.claim(key, 0);
    out.first = abandoned.has_value() && abandoned->memory().size() == key.length.count();
    out.second = (co_await on.store.claim(key, 0)).error().code;
    scope waiters;
    waiters.spawn(wait_for(on.store, key, out.waiter_of_abandoned));
    co_await sleep_for(1ms);
    abandoned->abandon();
    co_await waiters.close();

    auto claim = co_await on.store.claim(key, 0);
    LODE_ASSERT(claim.has_value());
    write_content(key, 0, claim->memory());
    auto lease = claim->publish();
    out.of_present = (co_await on.store.claim(key, 0)).error().code;
    co_await on.store.drop_memory();
    out.kept_after_publish = holds_content(key, 0, lease.data());
    lease.give_back();
    out.memory = co_await read_all(on.store, key);
    LODE_ASSERT((co_await on.store.settle(soon())).has_value());
    co_await on.store.drop_memory();
    out.disk = co_await read_all(on.store, key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a chunk that passes by is claimed once, published or abandoned") {
    ON_BOTH_WORLDS;
    claims seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return claim_chunks(on, seen); }));

    CHECK(seen.first);
    CHECK(seen.second == errc::unavailable);
    CHECK(seen.waiter_of_abandoned == errc::cancelled);
    CHECK(seen.of_present == errc::unavailable);
    CHECK(seen.kept_after_publish);
    CHECK(seen.memory.from == std::map<chunk_source, std::uint32_t>{{chunk_source::memory, 1}});
    CHECK(seen.disk.from == std::map<chunk_source, std::uint32_t>{{chunk_source::disk, 1}});
    CHECK(seen.disk.right == 1);
    CHECK(seen.stats.chunks_filled == 1);
}

namespace {

struct interruption {
    reading first, second;
    presence between;
    source_facts broken{.fail_after = (2_MiB + 100_KiB).count(), .piece = 50 * 1024};
    source_facts resumed;
    source_facts short_one{.too_short_by = 1};
    reading of_short;
    store_stats stats;
};

task<void> interrupt(store_under_test on, interruption& out) {
    const part_key key = numbered_part(1, 5_MiB);
    LODE_ASSERT((co_await on.store.fill(key, whole(key), source_of(key, out.broken))).has_value());
    out.first = co_await read_all(on.store, key);
    out.between = co_await on.store.look(key);
    LODE_ASSERT((co_await on.store.fill(key, whole(key), source_of(key, out.resumed))).has_value());
    out.second = co_await read_all(on.store, key);
    const part_key other = numbered_part(2, 5_KiB);
    (void)co_await on.store.fill(other, whole(other), source_of(other, out.short_one));
    out.of_short = co_await read_all(on.store, other);
    LODE_ASSERT((co_await on.store.settle(soon())).has_value());
    co_await on.store.purge(key);
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("a fill that breaks keeps what it has, tells its readers, and is continued") {
    ON_BOTH_WORLDS;
    interruption seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return interrupt(on, seen); }));

    CHECK(seen.first.right == 2);
    CHECK(seen.first.failed[errc::closed] + seen.first.failed[errc::not_found] == 3);
    CHECK(seen.between == presence{.memory = 2, .absent = 3});
    CHECK(seen.second.right == 5);
    CHECK(seen.resumed.delivered == (3_MiB).count());
    CHECK(seen.of_short.failed.size() == 1);
    CHECK(seen.of_short.right == 0);
    CHECK(seen.stats.fill_errors == 2);
    CHECK(seen.stats.memory_used == 0);
    CHECK(seen.stats.parts == 0);
    CHECK(seen.broken.alive + seen.resumed.alive + seen.short_one.alive == 0);
}

namespace {

task<void> fill_around(store_under_test on, source_facts& facts, reading& out) {
    const part_key key = numbered_part(1, 5_MiB);
    auto claim = co_await on.store.claim(key, 2);
    LODE_ASSERT(claim.has_value());
    LODE_ASSERT((co_await on.store.fill(key, whole(key), source_of(key, facts))).has_value());
    write_content(key, 2, claim->memory());
    claim->publish();
    out = co_await read_all(on.store, key);
}

}  // namespace

TEST_CASE("a fill leaves alone what somebody else brings") {
    ON_BOTH_WORLDS;
    source_facts facts;
    reading seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return fill_around(on, facts, seen); }));

    CHECK(seen.right == 5);
    CHECK(facts.fetches == 2);
    CHECK(facts.delivered == (4_MiB).count());
}

namespace {

struct refusals {
    errc late = errc::io, no_such_chunk = errc::io, other_length = errc::io, bad_range = errc::io,
         empty_part = errc::io, no_memory = errc::io, no_memory_claim = errc::io;
    duration waited_for_memory{0};
    bool after_release = false;
};

task<void> refuse(store_under_test on, refusals& out) {
    const part_key key = numbered_part(1, 2_MiB);
    source_facts slow{.pause = 300ms};
    LODE_ASSERT((co_await on.store.fill(key, whole(key), source_of(key, slow))).has_value());
    out.late = (co_await on.store.read(key, 1, now() + 20ms)).error().code;
    out.no_such_chunk = (co_await on.store.read(key, 2, soon(), whole_chunk)).error().code;
    out.other_length =
        (co_await on.store.read({.id = key.id, .length = 3_MiB}, 0, soon(), whole_chunk))
            .error()
            .code;
    source_facts unused;
    out.bad_range = (co_await on.store.fill(key, {.first = 1, .count = 2}, source_of(key, unused)))
                        .error()
                        .code;
    out.empty_part = (co_await on.store.claim({.id = key.id, .length = 0_B}, 0)).error().code;

    const part_key big = numbered_part(2, 5_MiB);
    (void)co_await bring(on.store, big, unused);
    (void)co_await read_all(on.store, key);
    LODE_ASSERT((co_await on.store.settle(soon())).has_value());
    co_await on.store.drop_memory();
    std::vector<chunk_lease> held;
    for (std::uint32_t n = 0; n < 4; ++n) {
        auto got = co_await on.store.read(big, n, soon(), whole_chunk);
        LODE_ASSERT(got.has_value());
        held.push_back(std::move(*got));
    }
    const time_point before = now();
    out.no_memory = (co_await on.store.read(big, 4, soon(), whole_chunk)).error().code;
    out.waited_for_memory = now() - before;
    out.no_memory_claim = (co_await on.store.claim(numbered_part(3, 1_MiB), 0)).error().code;
    held.pop_back();
    out.after_release = (co_await on.store.read(big, 4, soon(), whole_chunk)).has_value();
}

}  // namespace

TEST_CASE("what cannot be had is refused with its reason, and in time") {
    ON_BOTH_WORLDS;
    refusals seen;

    REQUIRE(run_store(where, small_store(4_MiB), 32_MiB,
                      [&](store_under_test on) { return refuse(on, seen); }));

    CHECK(seen.late == errc::timed_out);
    CHECK(seen.no_such_chunk == errc::invalid);
    CHECK(seen.other_length == errc::invalid);
    CHECK(seen.bad_range == errc::invalid);
    CHECK(seen.empty_part == errc::invalid);
    CHECK(seen.no_memory == errc::no_space);
    CHECK(seen.waited_for_memory >= 200ms);
    CHECK(seen.waited_for_memory < 5s);
    CHECK(seen.no_memory_claim == errc::unavailable);
    CHECK(seen.after_release);
}

namespace {

struct purging {
    source_facts facts;
    source_facts slow{.pause = 1ms};  // the store may end its fill after the test's own steps
    bool pinned_right = false;
    reading after;
    presence seen, while_filling;
    reading filled;
    store_stats stats;
};

task<void> purge_parts(store_under_test on, purging& out) {
    const part_key key = numbered_part(1, 3_MiB);
    (void)co_await bring(on.store, key, out.facts);
    auto lease = co_await on.store.read(key, 1, soon(), whole_chunk);
    LODE_ASSERT(lease.has_value());
    co_await on.store.purge(key);
    out.seen = co_await on.store.look(key);
    out.after = co_await read_all(on.store, key);
    out.pinned_right = holds_content(key, 1, lease->data());
    lease->give_back();
    (void)co_await on.store.look(key);  // behind the lease's message
    out.stats = on.store.stats();

    const part_key other = numbered_part(2, 3_MiB);
    (void)co_await on.store.fill(other, whole(other), source_of(other, out.slow));
    co_await on.store.purge(other);
    out.while_filling = co_await on.store.look(other);
    out.filled = co_await read_all(on.store, other);
}

}  // namespace

TEST_CASE("a purged part is gone; its users keep their bytes, and a fill under way arrives") {
    ON_BOTH_WORLDS;
    purging seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return purge_parts(on, seen); }));

    CHECK(seen.seen == presence{.absent = 3});
    CHECK(seen.after.failed == std::map<errc, std::uint32_t>{{errc::not_found, 3}});
    CHECK(seen.pinned_right);
    CHECK(seen.stats.parts == 0);
    CHECK(seen.stats.device_used == 0);
    CHECK(seen.stats.memory_used == 0);
    CHECK(seen.while_filling == presence{.filling = 3});
    CHECK(seen.filled.right == 3);
}

namespace {

struct crossing {
    std::array<std::uint32_t, 2> homes{};
    reading filled, memory, disk;
    std::uint32_t held_right = 0;
    store_stats stats;
};

task<void> cross(store_under_test on, crossing& out) {
    source_facts facts;
    std::vector<std::pair<part_key, chunk_lease>> held;
    for (std::uint64_t i = 0; i < 40; ++i) {
        const part_key key = numbered_part(i, 1_MiB + 3_KiB);
        ++out.homes[on.store.home_of(key).value()];
        const reading filled = co_await bring(on.store, key, facts);
        out.filled.right += filled.right;
        auto lease = co_await on.store.read(key, 1, soon(), whole_chunk);
        LODE_ASSERT(lease.has_value());
        held.emplace_back(key, std::move(*lease));
    }
    co_await on.store.drop_memory();
    for (std::uint64_t i = 0; i < 40; ++i) {
        const reading again = co_await read_all(on.store, numbered_part(i, 1_MiB + 3_KiB));
        out.disk.right += again.right;
        out.disk.wrong += again.wrong;
    }
    for (const auto& [key, lease] : held) {
        if (holds_content(key, 1, lease.data())) ++out.held_right;
    }
    held.clear();
    // Each message arrives behind the leases that were given back before it.
    co_await on.store.drop_memory();
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("parts of both cores are read from one, and borrowed frames find their way home") {
    ON_BOTH_WORLDS;
    store_options o = small_store(32_MiB);
    o.cores = 2;
    o.shards = 4;
    crossing seen;

    REQUIRE(run_store(where, o, 256_MiB, [&](store_under_test on) { return cross(on, seen); }));

    CHECK(seen.homes[0] > 0);
    CHECK(seen.homes[1] > 0);
    CHECK(seen.filled.right == 80);
    CHECK(seen.disk.right == 80);
    CHECK(seen.held_right == 40);
    CHECK(seen.stats.memory_used == 0);
}

namespace {

task<void> use_two_devices(store_under_test on, reading& disk, store_stats& stats) {
    source_facts facts;
    for (std::uint64_t i = 0; i < 20; ++i) {
        (void)co_await bring(on.store, numbered_part(i, 1_MiB + 3_KiB), facts);
    }
    co_await on.store.drop_memory();
    for (std::uint64_t i = 0; i < 20; ++i) {
        const reading again = co_await read_all(on.store, numbered_part(i, 1_MiB + 3_KiB));
        disk.right += again.right;
    }
    stats = on.store.stats();
}

}  // namespace

TEST_CASE("parts are spread over two devices, of which one has more shards than the other") {
    const temporary_file first;
    const temporary_file second;
    // Formatted one by one, because the wishes are the node's.
    for (const auto& [file, shards] : {std::pair(&first, 2U), std::pair(&second, 4U)}) {
        store_options o = small_store();
        o.devices = {{.path = file->path(), .size = 64_MiB}};
        o.shards = shards;
        REQUIRE(part_store::open(o).has_value());
    }
    store_options o = small_store(32_MiB);
    o.cores = 2;
    o.devices = {{.path = first.path(), .size = 64_MiB}, {.path = second.path(), .size = 64_MiB}};
    reading disk;
    store_stats stats;

    run_on_rings(o, 0_B, [&](store_under_test on) { return use_two_devices(on, disk, stats); });

    CHECK(disk.right == 40);
    CHECK(stats.device_capacity > (120_MiB).count());
    CHECK(stats.device_used == 20 * (1_MiB + 4_KiB).count());
    CHECK(stats.checksum_failures == 0);
}

namespace {

task<void> begin_and_leave(store_under_test on, source_facts& facts, reading& out) {
    const part_key key = numbered_part(1, 10_MiB);
    LODE_ASSERT((co_await on.store.fill(key, whole(key), source_of(key, facts))).has_value());
    co_await read_chunk(on.store, key, 0, out);
}

}  // namespace

TEST_CASE("stopping ends a fill that nobody waits for") {
    ON_BOTH_WORLDS;
    source_facts facts{.piece = 128 * 1024, .pause = 20ms};
    reading seen;

    REQUIRE(run_store(where, small_store(), 32_MiB,
                      [&](store_under_test on) { return begin_and_leave(on, facts, seen); }));

    CHECK(seen.right == 1);
    CHECK(facts.aborted == 1);
    CHECK(facts.alive == 0);
    CHECK(facts.delivered < (10_MiB).count());
}

TEST_CASE("without a device everything stays in memory as long as there is room") {
    ON_BOTH_WORLDS;
    first_steps seen;

    REQUIRE(run_store(where, small_store(), 0_B,
                      [&](store_under_test on) { return take_first_steps(on, seen); }));

    CHECK(seen.memory.right == 4);
    CHECK(seen.seen_disk == presence{.absent = 4});
    CHECK(seen.disk.failed == std::map<errc, std::uint32_t>{{errc::not_found, 4}});
    CHECK(seen.stats.parts == 0);
    CHECK(seen.stats.memory_used == 0);
}

TEST_CASE("the metrics page has every counter once") {
    store_stats stats;
    metrics_page page;

    stats.describe(page);

    CHECK(page.text().find("# TYPE lode_store_hits_memory_total counter") != std::string::npos);
    CHECK(page.text().find("# TYPE lode_store_parts gauge\nlode_store_parts 0") !=
          std::string::npos);
}
