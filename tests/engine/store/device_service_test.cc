// Devices that are given up, come back, are read over, and are written to sparingly.
#include "engine/base/rate_limit.h"
#include "engine/runtime/scope.h"
#include "engine/store/admission.h"
#include "engine/store/device_health.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

namespace {

constexpr time_point at(duration since_start) { return time_point{} + since_start; }

}  // namespace

TEST_CASE("a device is given up at the limit of errors within the window, not before") {
    device_health health({.errors_max = 3, .errors_window = 60s});

    CHECK(!health.note_error(at(1s)));
    CHECK(!health.note_error(at(2s)));
    CHECK(health.note_error(at(61s)));
}

TEST_CASE("errors that are far apart do not add up") {
    device_health health({.errors_max = 3, .errors_window = 60s});

    for (int i = 0; i < 100; ++i) CHECK(!health.note_error(at(31s * i)));
}

TEST_CASE("without a limit no number of errors is too many") {
    device_health health({.errors_max = 0});

    for (int i = 0; i < 1000; ++i) CHECK(!health.note_error(at(1s)));
}

TEST_CASE("a rate limit passes its rate, and a second's worth at once") {
    rate_limit limit(1_MiB);
    CHECK(!limit.try_take(1_B, time_point{}));

    std::uint64_t passed = 0;
    for (duration t{0}; t < 10s; t += 1ms) {
        if (limit.try_take(10_KiB, at(t))) passed += 10;
    }

    CHECK(passed <= 10 * 1024);
    CHECK(passed >= 10 * 1024 - 20);
    CHECK(limit.try_take(1_MiB, at(1h)));
    CHECK(!limit.try_take(1_B, at(1h)));
    CHECK(limit.due(1_MiB, at(1h)) > at(1h + 999ms));
    CHECK(limit.try_take(1_MiB, limit.due(1_MiB, at(1h))));
}

TEST_CASE("more than a second's worth passes when it can, and is paid for") {
    rate_limit limit(1_MiB);

    CHECK(limit.try_take(4_MiB, at(1s)));
    CHECK(!limit.try_take(1_B, at(4s)));
    CHECK(limit.try_take(1_B, limit.due(1_B, at(4s))));
}

TEST_CASE("with the second-hit rule a chunk is admitted when it comes another time") {
    admission rule(store_options::admission_rule::second_hit, 1 << 16);
    const hash128 part{.high = 5, .low = 7};

    CHECK(!rule.admits_on_arrival(part, 0));
    CHECK(!rule.admits_on_arrival(part, 1));
    CHECK(rule.admits_on_arrival(part, 0));
    CHECK(!rule.admits_when_asked(1));
    CHECK(rule.admits_when_asked(2));
    CHECK(!rule.admits_when_asked(3));
}

namespace {

struct given_up {
    reading before, after_errors, refilled, memory_again, back;
    std::string back_error;
    store_stats out, in;
    std::string page;
};

task<void> fail_and_return(store_under_test on, given_up& seen) {
    const part_key key = numbered_part(1, 4_MiB);
    const part_key other = numbered_part(2, 4_MiB);
    source_facts facts;
    seen.before = co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({.read_error = 1});
    seen.after_errors = co_await read_all(on.store, key);
    co_await sleep_for(1s);
    seen.out = on.store.stats();
    metrics_page page;
    on.store.describe(page);
    seen.page = page.text();
    // The node goes on in memory.
    seen.refilled = co_await bring(on.store, other, facts);
    seen.memory_again = co_await read_all(on.store, other);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({});
    if (auto back = co_await on.store.bring_back("simulated disk"); !back) {
        seen.back_error = back.error();
    }
    seen.back = co_await read_all(on.store, key);
    seen.in = on.store.stats();
}

}  // namespace

TEST_CASE("a device that fails too often is taken out, and what it held is there when it returns") {
    given_up seen;
    store_options o = small_store();
    o.device_health.errors_max = 2;

    REQUIRE(run_store(world::simulated, o, 32_MiB,
                      [&](store_under_test on) { return fail_and_return(on, seen); }));

    CHECK(seen.before.right == 4);
    CHECK(seen.after_errors.failed == std::map<errc, std::uint32_t>{{errc::not_found, 4}});
    CHECK(seen.out.device_read_errors == 2);  // nobody asks it any more
    CHECK(seen.out.chunks_forgotten == 3);
    CHECK(seen.out.device_used == 0);
    CHECK(seen.out.device_capacity == 0);
    CHECK(seen.out.chunks_durable == 0);
    CHECK(seen.page.find("lode_store_device_in_service{device=\"simulated disk\"} 0") !=
          std::string::npos);
    CHECK(seen.refilled.right == 4);
    CHECK(seen.memory_again.from ==
          std::map<chunk_source, std::uint32_t>{{chunk_source::memory, 4}});
    CHECK(seen.back_error == "");
    CHECK(seen.back.right == 4);
    CHECK(seen.back.from == std::map<chunk_source, std::uint32_t>{{chunk_source::disk, 4}});
    CHECK(seen.in.device_capacity > 0);
}

namespace {

struct hung {
    duration waited{0};
    errc answer = errc::io;
    store_stats out;
    std::string too_early, back;
    reading again;
};

task<void> hang_and_return(store_under_test on, hung& seen) {
    const part_key key = numbered_part(1, 4_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({.hang = 1});
    const time_point begun = now();
    auto got = co_await on.store.read(key, 0, now() + 1h);
    seen.waited = now() - begun;
    if (!got) seen.answer = got.error().code;
    co_await sleep_for(1s);
    seen.out = on.store.stats();
    // What hangs has not come back: the frame that it reads into is still its own.
    LODE_ASSERT(on.store.stats().memory_used == chunk_size.count());
    for (simulated_device* d : *on.devices) d->set_faults({});
    co_await sleep_for(1s);
    LODE_ASSERT(on.store.stats().memory_used == 0);
    auto back = co_await on.store.bring_back("simulated disk");
    seen.back = back ? "" : back.error();
    seen.again = co_await read_all(on.store, key);
}

}  // namespace

TEST_CASE("a device that does not answer is taken out, and its readers go elsewhere") {
    hung seen;
    store_options o = small_store();
    o.device_health.stall_after = 4s;

    REQUIRE(run_store(world::simulated, o, 32_MiB,
                      [&](store_under_test on) { return hang_and_return(on, seen); }));

    CHECK(seen.answer == errc::not_found);
    CHECK(seen.waited >= 4s);
    CHECK(seen.waited < 6s);
    CHECK(seen.out.device_capacity == 0);
    CHECK(seen.back == "");
    CHECK(seen.again.right == 4);
}

namespace {

task<void> read_over_a_jump(store_under_test on, simulation& world, reading& seen,
                            store_stats& after) {
    const part_key key = numbered_part(1, 4_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    for (simulated_device* d : *on.devices) d->set_faults({.stall = 1, .stall_time = 1s});
    scope readers;
    for (std::uint32_t n = 0; n < 4; ++n) readers.spawn(read_chunk(on.store, key, n, seen));
    co_await sleep_for(500ms);
    world.jump(1min);
    co_await readers.close();
    co_await sleep_for(10s);
    after = on.store.stats();
}

}  // namespace

TEST_CASE("a clock that jumps takes no device out of service") {
    simulated_disks disks;
    disks.add("disk", 32_MiB);
    store_options o = small_store();
    o.devices = disks.all();
    o.device_health.stall_after = 4s;
    reading seen;
    store_stats after;

    const auto end = disks.run(o, 3, [&](store_under_test on) {
        return read_over_a_jump(on, disks.world(), seen, after);
    });

    CHECK(end == simulation::outcome::finished);
    // The readers' own patience is over; the device is none the worse.
    CHECK(seen.right + seen.failed[errc::timed_out] == 4);
    CHECK(after.devices_given_up == 0);
    CHECK(after.device_capacity > 0);
}

namespace {

struct two_devices {
    std::uint32_t right = 0;
    store_stats before, out;
    std::string unknown;
};

task<void> take_one_out(store_under_test on, two_devices& seen) {
    co_await bring_all(on.store, numbered_parts(0, 40, 40_KiB));
    seen.before = on.store.stats();
    LODE_ASSERT((co_await on.store.take_out("disk")).has_value());
    const auto later = numbered_parts(100, 40, 40_KiB);
    co_await bring_all(on.store, later);
    co_await on.store.drop_memory();
    for (const part_key& key : later) seen.right += (co_await read_all(on.store, key)).right;
    seen.out = on.store.stats();
    seen.unknown = (co_await on.store.take_out("nowhere")).error();
}

}  // namespace

TEST_CASE("when one device is out, new parts go to the others") {
    simulated_disks disks;
    disks.add("disk", 32_MiB);
    disks.add("other disk", 32_MiB);
    store_options o = small_store();
    o.devices = disks.all();
    two_devices seen;

    const auto end = disks.run(o, 3, [&](store_under_test on) { return take_one_out(on, seen); });

    CHECK(end == simulation::outcome::finished);
    CHECK(seen.right == 40);
    CHECK(seen.before.chunks_disk == 40);
    CHECK(seen.out.chunks_disk + seen.out.chunks_forgotten == 80);
    CHECK(seen.out.chunks_forgotten > 10);
    CHECK(seen.unknown == "nowhere is not a cache device.");
}

namespace {

struct economy {
    store_stats first, second, third;
};

task<void> read_once_and_again(store_under_test on, economy& seen) {
    const part_key key = numbered_part(1, 4_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    seen.first = on.store.stats();
    (void)co_await read_all(on.store, key);
    (void)co_await on.store.settle(soon());
    seen.second = on.store.stats();
    // Another part: it leaves memory, and comes from the origin a second time.
    const part_key other = numbered_part(2, 2_MiB);
    (void)co_await bring(on.store, other, facts);
    co_await on.store.drop_memory();
    (void)co_await bring(on.store, other, facts);
    seen.third = on.store.stats();
}

}  // namespace

TEST_CASE("with the second-hit rule only what is asked for again is written") {
    economy seen;
    store_options o = small_store();
    o.admission = store_options::admission_rule::second_hit;

    REQUIRE(run_store(world::simulated, o, 32_MiB,
                      [&](store_under_test on) { return read_once_and_again(on, seen); }));

    CHECK(seen.first.bytes_admitted == 0);
    CHECK(seen.first.not_admitted == 4);
    CHECK(seen.second.bytes_admitted == (4_MiB).count());
    CHECK(seen.third.bytes_admitted == (6_MiB).count());
    CHECK(seen.third.chunks_disk == 6);
}

namespace {

task<void> fill_for_ten_seconds(store_under_test on, store_stats& seen) {
    for (std::uint64_t i = 0; i < 100; ++i) {
        source_facts facts;
        (void)co_await bring(on.store, numbered_part(i, 1_MiB), facts);
        co_await sleep_for(100ms);
    }
    seen = on.store.stats();
}

}  // namespace

TEST_CASE("a device is written to no faster than its limit, and the rest stays in memory only") {
    simulated_disks disks;
    disks.add("disk", 128_MiB);
    store_options o = small_store(bytes(128 << 20));
    o.devices = disks.all();
    o.devices.front().write_limit = 3_MiB;
    store_stats seen;

    const auto end =
        disks.run(o, 3, [&](store_under_test on) { return fill_for_ten_seconds(on, seen); });

    CHECK(end == simulation::outcome::finished);
    CHECK(seen.bytes_admitted >= (25_MiB).count());
    CHECK(seen.bytes_admitted <= (36_MiB).count());
    CHECK(seen.over_write_limit + seen.bytes_admitted / (1_MiB).count() == 100);
    CHECK(seen.chunks_memory == 100);
}

namespace {

struct scrubbed {
    store_stats halfway, after;
    std::uint64_t memory_chunks = 0;
    presence left;
};

task<void> wait_for_the_scrub(store_under_test on, scrubbed& seen) {
    const part_key key = numbered_part(1, 8_MiB);
    source_facts facts;
    (void)co_await bring(on.store, key, facts);
    co_await on.store.drop_memory();
    // One bit of one chunk, at rest.
    on.disk->flip_bit(device_offset((1 << 20) + (1 << 20) + (64 << 10)), 1);
    co_await sleep_for(14s);  // its first round found nothing and was followed by a pause
    seen.halfway = on.store.stats();
    co_await sleep_for(60s);
    seen.after = on.store.stats();
    seen.left = co_await on.store.look(key);
}

}  // namespace

TEST_CASE(
    "the scrub finds a damaged chunk before anybody asks, at its own pace, and keeps no memory") {
    scrubbed seen;
    store_options o = small_store();
    o.scrub_rate = 1_MiB;

    REQUIRE(run_store(world::simulated, o, 32_MiB,
                      [&](store_under_test on) { return wait_for_the_scrub(on, seen); }));

    CHECK(seen.halfway.chunks_scrubbed >= 2);
    CHECK(seen.halfway.chunks_scrubbed <= 6);
    CHECK(seen.after.checksum_failures == 1);
    CHECK(seen.after.chunks_scrubbed >= 7);
    CHECK(seen.left.disk + seen.left.memory == 7);
    CHECK(seen.left.memory <= 1);
    CHECK(seen.after.evicted_memory_chunks == 0);
    CHECK(seen.after.hits_disk == 0);
}
