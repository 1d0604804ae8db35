#include "engine/store/recovery.h"

#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

namespace {

// The same disks under one store after the other.
struct machine {
    explicit machine(bytes size = 32_MiB) { disks.add("disk", size); }

    void live(store_options o, const store_body& body) {
        if (o.devices.empty()) o.devices = disks.all();
        REQUIRE(disks.run(std::move(o), ++lives, body) == simulation::outcome::finished);
    }
    // Ends in a power failure, right after the body.
    void live_and_crash(store_options o, const store_body& body) {
        live(std::move(o),
             [this, &body](store_under_test on) { return until_power_fails(on, body); });
    }

    simulated_disks disks;
    lode::random chance{11};
    std::uint64_t lives = 0;

  private:
    task<void> until_power_fails(store_under_test on, const store_body& body) {
        co_await body(on);
        disks.cut_power(on, chance);
    }
};

std::vector<part_key> some_parts() {
    return {numbered_part(1, 5_KiB),   numbered_part(2, 1_MiB),  numbered_part(3, 3_MiB + 70_KiB),
            numbered_part(4, 64_KiB),  numbered_part(5, 1_B),    numbered_part(6, 2_MiB + 1_B),
            numbered_part(7, 900_KiB), numbered_part(8, 12_KiB), numbered_part(9, 4_KiB)};
}

struct found_again {
    std::uint32_t chunks = 0;  // that there are
    std::uint32_t right = 0;
    std::uint32_t wrong = 0;
    std::uint32_t from_disk = 0;
    store_stats stats;
};

task<void> read_again(part_store& store, std::vector<part_key> parts, found_again& out) {
    for (const part_key& key : parts) {
        reading seen = co_await read_all(store, key);
        out.chunks += chunk_count(key.length);
        out.right += seen.right;
        out.wrong += seen.wrong;
        out.from_disk += seen.from[chunk_source::disk];
    }
    out.stats = store.stats();
}

void check_all_there(const found_again& seen) {
    CHECK(seen.right == seen.chunks);
    CHECK(seen.wrong == 0);
    CHECK(seen.from_disk == seen.chunks);
    CHECK(seen.stats.recovered_chunks >= seen.chunks);
    CHECK(seen.stats.checksum_failures == 0);
    CHECK(seen.stats.stale_chunks == 0);
    CHECK(seen.stats.damaged_descriptors == 0);
}

}  // namespace

TEST_CASE("what was durable when power failed is served again") {
    machine m;
    found_again seen;

    m.live_and_crash(small_store(),
                     [](store_under_test on) { return bring_all(on.store, some_parts()); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });

    check_all_there(seen);
    CHECK(seen.stats.chunks_durable == seen.chunks);
    CHECK(seen.stats.recovered_parts == some_parts().size());
}

namespace {

task<void> fill_only(part_store& store, std::uint64_t& durable) {
    for (const part_key& key : some_parts()) {
        source_facts facts;
        (void)co_await store.fill(key, whole(key), source_of(key, facts));
        (void)co_await read_all(store, key);
    }
    durable = store.stats().chunks_durable;
}

}  // namespace

TEST_CASE("an orderly stop leaves nothing behind, even without waiting for the delay") {
    machine m;
    store_options o = small_store();
    o.flush_delay = 1h;
    found_again seen;
    std::uint64_t durable_before = 1;

    m.live(o, [&](store_under_test on) { return fill_only(on.store, durable_before); });
    m.live(o, [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });

    CHECK(durable_before == 0);
    check_all_there(seen);
}

namespace {

task<void> bring_and_wait(part_store& store, duration wait) {
    const part_key key = numbered_part(1, 3_MiB);
    source_facts facts;
    (void)co_await store.fill(key, whole(key), source_of(key, facts));
    (void)co_await read_all(store, key);
    co_await sleep_for(wait);
}

}  // namespace

TEST_CASE("a chunk's descriptor is durable after the delay and not much before") {
    machine m;
    store_options o = small_store();
    o.flush_delay = 2s;
    found_again early, late;

    m.live_and_crash(o, [](store_under_test on) { return bring_and_wait(on.store, 1s); });
    m.live_and_crash(o, [&](store_under_test on) {
        return read_again(on.store, {numbered_part(1, 3_MiB)}, early);
    });
    m.live_and_crash(o, [](store_under_test on) { return bring_and_wait(on.store, 2100ms); });
    m.live(o, [&](store_under_test on) {
        return read_again(on.store, {numbered_part(1, 3_MiB)}, late);
    });

    CHECK(early.right == 0);
    check_all_there(late);
}

TEST_CASE("other cores and another memory size lose nothing") {
    machine m(64_MiB);
    store_options o = small_store();
    o.shards = 4;
    o.cores = 1;
    m.live(o, [](store_under_test on) { return bring_all(on.store, some_parts()); });

    for (const std::size_t cores : {3U, 2U, 5U, 1U}) {
        store_options other = small_store(bytes(cores * (3 << 20)));
        other.cores = cores;
        found_again seen;
        m.live_and_crash(
            other, [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });
        INFO(cores << " cores");
        check_all_there(seen);
    }
}

namespace {

std::vector<part_key> many_parts() {
    std::vector<part_key> many;
    for (std::uint64_t i = 0; i < 40; ++i) many.push_back(numbered_part(i, 40_KiB + bytes(i)));
    return many;
}

}  // namespace

TEST_CASE("devices may change places, and one that is missing takes only its own away") {
    machine m;
    m.disks.add("another disk", 64_MiB);
    const device_options one{.path = "disk", .size = 32_MiB};
    const device_options two{.path = "another disk", .size = 64_MiB};
    store_options both = small_store();
    both.devices = {one, two};
    store_options swapped = small_store();
    swapped.devices = {two, one};
    store_options alone = small_store();
    alone.devices = {two};
    found_again seen_swapped, seen_alone, seen_both;

    m.live(both, [](store_under_test on) { return bring_all(on.store, many_parts()); });
    m.live(swapped,
           [&](store_under_test on) { return read_again(on.store, many_parts(), seen_swapped); });
    m.live(alone,
           [&](store_under_test on) { return read_again(on.store, many_parts(), seen_alone); });
    m.live(both,
           [&](store_under_test on) { return read_again(on.store, many_parts(), seen_both); });

    check_all_there(seen_swapped);
    check_all_there(seen_both);
    CHECK(seen_alone.right > 15);
    CHECK(seen_alone.right < 40);
    CHECK(seen_alone.right == seen_alone.stats.recovered_chunks);
}

namespace {

task<void> fill_often(part_store& store, std::vector<part_key> parts) {
    for (int i = 0; i < 5; ++i) {
        for (const part_key& key : parts) {
            co_await store.purge(key);
            source_facts facts;
            (void)co_await bring(store, key, facts);
        }
    }
}

task<void> bring_and_purge(part_store& store, std::vector<part_key> parts) {
    co_await bring_all(store, parts);
    for (const part_key& key : parts) co_await store.purge(key);
    (void)co_await store.settle(soon());
}

}  // namespace

TEST_CASE("a part that two devices hold is kept once, and the other copy does not come back") {
    machine m;
    m.disks.add("another disk", 32_MiB);
    store_options first = small_store();
    first.devices = {{.path = "disk", .size = 32_MiB}};
    store_options second = small_store();
    second.devices = {{.path = "another disk", .size = 32_MiB}};
    found_again seen, once_more;

    m.live(first, [](store_under_test on) { return bring_all(on.store, some_parts()); });
    m.live(second, [](store_under_test on) { return bring_all(on.store, some_parts()); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), once_more); });

    check_all_there(seen);
    CHECK(seen.stats.chunks_disk == seen.chunks);
    check_all_there(once_more);
    CHECK(once_more.stats.recovered_chunks == once_more.chunks);
    CHECK(once_more.stats.chunks_durable == once_more.chunks);
}

TEST_CASE("what was purged stays away after a power failure") {
    machine m;
    found_again seen;

    m.live_and_crash(small_store(),
                     [](store_under_test on) { return bring_and_purge(on.store, some_parts()); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });

    CHECK(seen.right == 0);
    CHECK(seen.stats.recovered_chunks == 0);
    CHECK(seen.stats.device_used == 0);
}

TEST_CASE("a part that was written many times is found once") {
    machine m;
    found_again seen;

    m.live_and_crash(small_store(),
                     [](store_under_test on) { return fill_often(on.store, some_parts()); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });

    check_all_there(seen);
    CHECK(seen.stats.recovered_chunks == seen.chunks);
}

TEST_CASE("after a restart the part that was written first is evicted first") {
    machine m(17_MiB);
    found_again early, late;

    m.live(small_store(),
           [](store_under_test on) { return bring_all(on.store, numbered_parts(0, 15, 1_MiB)); });
    m.live(small_store(),
           [](store_under_test on) { return bring_all(on.store, numbered_parts(50, 8, 1_MiB)); });
    m.live(small_store(), [&](store_under_test on) {
        return read_again(on.store, numbered_parts(0, 8, 1_MiB), early);
    });
    m.live(small_store(), [&](store_under_test on) {
        return read_again(on.store, numbered_parts(8, 7, 1_MiB), late);
    });

    CHECK(early.right == 0);
    CHECK(late.right == 7);
}

TEST_CASE("slabs that changed their class are found with the new one only") {
    machine m(17_MiB);
    found_again large, small;

    m.live_and_crash(small_store(), [](store_under_test on) {
        std::vector<part_key> parts = numbered_parts(0, 15, 1_MiB);
        std::ranges::copy(numbered_parts(100, 150, 100_KiB), std::back_inserter(parts));
        return bring_all(on.store, std::move(parts));
    });
    m.live(small_store(), [&](store_under_test on) {
        return read_again(on.store, numbered_parts(0, 15, 1_MiB), large);
    });
    m.live(small_store(), [&](store_under_test on) {
        return read_again(on.store, numbered_parts(140, 110, 100_KiB), small);
    });

    CHECK(large.wrong == 0);
    CHECK(large.right < 15);
    CHECK(small.right >= 100);
    CHECK(small.stats.checksum_failures == 0);
}

TEST_CASE("an index with less room than the device has parts keeps the newest") {
    machine m;
    store_options o = small_store();
    found_again seen;

    m.live(o, [](store_under_test on) { return bring_all(on.store, many_parts()); });
    o.parts_max = 12;
    m.live(o, [&](store_under_test on) { return read_again(on.store, many_parts(), seen); });

    CHECK(seen.right == 12);
    CHECK(seen.wrong == 0);
}

namespace {

// A fill that breaks in the middle.
task<void> fill_half(part_store& store, part_key key, reading& out) {
    source_facts facts;
    facts.fail_after = (5_MiB).count();
    (void)co_await store.fill(key, whole(key), source_of(key, facts));
    out = co_await read_all(store, key);
    (void)co_await store.settle(soon());
}

task<void> fill_the_rest(part_store& store, part_key key, source_facts& facts, reading& out) {
    out = co_await bring(store, key, facts);
}

}  // namespace

TEST_CASE("an interrupted fill keeps what it has, over a power failure, and goes on from there") {
    machine m;
    const part_key key = numbered_part(1, 8_MiB);
    reading first, second;
    source_facts rest;

    m.live_and_crash(small_store(),
                     [&](store_under_test on) { return fill_half(on.store, key, first); });
    m.live(small_store(),
           [&](store_under_test on) { return fill_the_rest(on.store, key, rest, second); });

    CHECK(first.right == 5);
    CHECK(second.right == 8);
    CHECK(rest.delivered == (3_MiB).count());
}

namespace {

// The blocks of all slabs' tables and headers, and nothing of the data.
void flip_every_descriptor(simulated_disk& disk, unsigned bit) {
    const auto cut = *format::choose_geometry(disk.size(), {.shards = 1, .slab_data = 1_MiB});
    for (std::uint32_t slab = 0; slab < cut.slabs; ++slab) {
        const device_offset table = format::slab_begin(cut, slab) + format::block;
        for (std::uint32_t i = 0; i < 8; ++i) {
            std::array<std::byte, 64> d{};
            disk.peek(table + format::descriptor_size * i, d);
            d[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            disk.poke(table + format::descriptor_size * i, d);
        }
    }
}

}  // namespace

TEST_CASE("a flipped bit anywhere in a descriptor loses the chunk and nothing else") {
    for (unsigned bit = 0; bit < 512; bit += 13) {
        machine m(17_MiB);
        found_again seen, refilled;
        m.live(small_store(),
               [](store_under_test on) { return bring_all(on.store, some_parts()); });
        flip_every_descriptor(m.disks.at("disk"), bit);

        m.live(small_store(),
               [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });
        m.live(small_store(),
               [](store_under_test on) { return bring_all(on.store, some_parts()); });
        m.live(small_store(),
               [&](store_under_test on) { return read_again(on.store, some_parts(), refilled); });

        INFO("bit " << bit);
        CHECK(seen.right == 0);
        CHECK(seen.wrong == 0);
        CHECK(seen.stats.damaged_descriptors > 0);
        CHECK(refilled.right == refilled.chunks);
    }
}

namespace {

// What the disk was asked to keep in the batch that a power failure interrupts.
struct torn {
    std::size_t writes = 0;
    std::vector<std::uint64_t> sectors;
};

task<void> write_without_flush(machine& m, store_under_test on, std::size_t which,
                               std::uint64_t kept, torn& out) {
    co_await bring_all(on.store, numbered_parts(0, 3, 5_KiB));
    const auto quiet = m.disks.at("disk").unflushed();
    LODE_ASSERT(quiet.empty());
    source_facts facts;
    const part_key last = numbered_part(10, 5_KiB);
    (void)co_await on.store.fill(last, whole(last), source_of(last, facts));
    // Until the table's block is on its way and not flushed.
    const simulated_disk& disk = m.disks.at("disk");
    const auto is_table = [&] {
        const auto writes = disk.unflushed();
        return !writes.empty() && writes.back().length == format::block;
    };
    while (!is_table()) co_await sleep_for(10us);
    for (const auto& w : disk.unflushed()) {
        out.sectors.push_back(w.length.count() / simulated_disk::sector);
    }
    out.writes = out.sectors.size();
    if (which < out.writes) m.disks.at("disk").tear(which, kept);
    for (simulated_device* d : *on.devices) d->pull_out();
}

}  // namespace

TEST_CASE("a table block torn at any sector keeps the descriptors that were there before") {
    for (std::uint64_t kept = 0; kept <= format::block.count() / simulated_disk::sector; ++kept) {
        machine m;
        torn how;
        found_again before, last;
        m.live(small_store(),
               [&](store_under_test on) { return write_without_flush(m, on, 0, kept, how); });
        m.live(small_store(), [&](store_under_test on) {
            return read_again(on.store, numbered_parts(0, 3, 5_KiB), before);
        });
        m.live(small_store(), [&](store_under_test on) {
            return read_again(on.store, {numbered_part(10, 5_KiB)}, last);
        });

        INFO(kept << " sectors of the last write were kept");
        CHECK(how.writes == 1);
        check_all_there(before);
        CHECK(last.wrong == 0);
        CHECK(last.right == (kept > 0 ? 1 : 0));
    }
}

TEST_CASE("chunks that were torn at any sector are misses once their descriptor is there") {
    const part_key key = numbered_part(1, 20_KiB);
    for (std::uint64_t kept = 0; kept < (20_KiB).count() / simulated_disk::sector; ++kept) {
        machine m;
        found_again seen;
        m.live(small_store(), [&](store_under_test on) { return bring_all(on.store, {key}); });
        // As if the write had not come further before the power failed.
        const auto cut = *format::choose_geometry(32_MiB, {.shards = 1, .slab_data = 1_MiB});
        const device_offset slot =
            format::slot_begin(cut, 0, size_class::holding(20_KiB), {.slab = 0, .slot = 0});
        const std::vector<std::byte> nothing((20_KiB).count() - kept * simulated_disk::sector);
        m.disks.at("disk").poke(slot + bytes(kept * simulated_disk::sector), nothing);

        m.live(small_store(),
               [&](store_under_test on) { return read_again(on.store, {key}, seen); });

        INFO(kept << " sectors were kept");
        CHECK(seen.right == 0);
        CHECK(seen.wrong == 0);
        CHECK(seen.stats.stale_chunks == 1);
        CHECK(seen.stats.checksum_failures == 0);  // the device is not to blame
        CHECK(seen.stats.recovered_chunks == 1);
    }
}
