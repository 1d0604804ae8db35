#include "tests/sim/store_simulation.h"

#include <map>

#include <fmt/format.h>

#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "tests/engine/store/content.h"
#include "tests/engine/store/store_world.h"

namespace lode::engine {
namespace {

using namespace lode::literals;
using namespace std::chrono_literals;

constexpr std::uint64_t steps_max = 5'000'000;

struct plan {
    store_options store;
    bytes disk;
    device_faults device;
    std::vector<part_key> parts;
    std::uint64_t clients = 0;
    std::uint64_t operations = 0;  // of each client
    bool sources_fail = false;
};

bytes length_between(lode::random& chance, bytes low, bytes high) {
    return low + bytes(chance.below((high - low).count() + 1));
}

device_faults faults_of(lode::random& chance, faults wanted) {
    device_faults f;
    if (wanted == faults::corrupting) {
        f.read_bit_flip = 5;
        f.lost_write = 5;
        f.misdirected_write = 5;
        return f;
    }
    if (chance.one_in(4)) return f;  // a healthy device
    const auto rate = [&] { return chance.one_in(2) ? 0 : 2 + chance.below(20); };
    f.read_error = rate();
    f.write_error = rate();
    f.read_bit_flip = rate();
    f.lost_write = rate();
    f.misdirected_write = rate();
    f.stall = rate();
    f.stall_time = std::chrono::milliseconds(1 + chance.below(8000));
    return f;
}

plan plan_of(std::uint64_t seed, store_options::checksums checksum, faults wanted) {
    lode::random chance(seed);
    plan p;
    p.store.cores = 1 + chance.below(3);
    p.store.memory = 2_MiB * p.store.cores + bytes(chance.below((6_MiB).count()));
    p.store.shards = 1U << chance.below(3);
    p.store.slab_size = chance.one_in(2) ? 1_MiB : 2_MiB;
    p.store.parts_max = chance.one_in(4) ? p.store.cores * (3 + chance.below(10)) : 0;
    p.store.fills_max = static_cast<std::uint32_t>(1 + chance.below(16));
    p.store.device_reads_max = static_cast<std::uint32_t>(1 + chance.below(8));
    p.store.device_writes_max = static_cast<std::uint32_t>(1 + chance.below(8));
    p.store.frame_wait = std::chrono::milliseconds(100 + chance.below(3000));
    p.store.checksum = checksum;
    p.disk = chance.one_in(8) ? 0_B : 16_MiB + bytes(chance.below(12)) * 1'000'000;
    p.device = faults_of(chance, wanted);
    const std::uint64_t parts = 3 + chance.below(30);
    for (std::uint64_t i = 0; i < parts; ++i) {
        const bytes length = chance.one_in(3)   ? length_between(chance, 1_MiB, 4_MiB)
                             : chance.one_in(2) ? length_between(chance, 1_B, 20_KiB)
                                                : length_between(chance, 1_B, 1_MiB);
        p.parts.push_back(numbered_part(i, length));
    }
    p.clients = 1 + chance.below(8);
    p.operations = 10 + chance.below(50);
    p.sources_fail = chance.one_in(2);
    return p;
}

class life {
  public:
    life(plan p, simulated_life& out) : plan_(std::move(p)), out_(out) {}

    task<void> run(store_under_test on) {
        const time_point begun = now();
        set_faults(on, plan_.device);
        scope background;
        background.spawn(flush_now_and_then(on));
        {
            scope clients;
            for (std::uint64_t i = 0; i < plan_.clients; ++i) clients.spawn(client(on.store));
            co_await clients.close();
        }
        set_faults(on, {});
        co_await calm(on.store);
        over_ = true;
        co_await background.close();
        note_outcome(on.store.stats(), now() - begun);
    }

    void violate(std::string what) {
        if (out_.violation.empty()) out_.violation = std::move(what);
    }

  private:
    static lode::random& chance() { return scheduler::current().chance(); }

    // Some parts are asked for more often than others.
    [[nodiscard]] const part_key& any_part() {
        const std::size_t all = plan_.parts.size();
        return plan_.parts[chance().below(chance().one_in(3) ? all : 1 + all / 4)];
    }

    static void set_faults(store_under_test on, device_faults f) {
        for (simulated_device* d : *on.devices) d->set_faults(f);
    }

    // The disk remembers what a crash could undo, until it is flushed.
    task<void> flush_now_and_then(store_under_test on) {
        while (!over_) {
            for (simulated_device* d : *on.devices) (void)co_await d->flush();
            co_await sleep_for(20ms);
        }
    }

    task<void> client(part_store& store) {
        for (std::uint64_t i = 0; i < plan_.operations; ++i) {
            const part_key key = any_part();
            switch (chance().below(24)) {
                case 0: co_await store.drop_memory(); break;
                case 1: co_await store.purge(key); break;
                case 2: co_await look(store, key); break;
                case 3:
                case 4: co_await claim(store, key); break;
                case 5:
                case 6:
                case 7:
                case 8:
                case 9: co_await fill(store, key); break;
                default: co_await read_some(store, key); break;
            }
            if (chance().one_in(3))
                co_await sleep_for(std::chrono::microseconds(chance().below(5000)));
        }
    }

    task<void> look(part_store& store, part_key key) {
        const presence seen = co_await store.look(key);
        if (seen.memory + seen.disk + seen.filling + seen.absent != chunk_count(key.length)) {
            violate("look() does not add up to the part's chunks");
        }
    }

    task<void> claim(part_store& store, part_key key) {
        const auto chunk = static_cast<std::uint32_t>(chance().below(chunk_count(key.length)));
        auto claimed = co_await store.claim(key, chunk);
        if (!claimed) {
            expect(claimed.error(), {errc::unavailable}, "claim");
            co_return;
        }
        if (chance().one_in(2)) co_await sleep_for(std::chrono::microseconds(chance().below(3000)));
        if (chance().one_in(4)) co_return;  // abandoned
        write_content(key, chunk, claimed->memory());
        const chunk_lease kept = claimed->publish();
        co_await hold(key, chunk, kept);
    }

    task<void> fill(part_store& store, part_key key) {
        const auto first = static_cast<std::uint32_t>(chance().below(chunk_count(key.length)));
        const auto count =
            static_cast<std::uint32_t>(1 + chance().below(chunk_count(key.length) - first));
        auto facts = std::make_unique<source_facts>();
        facts->piece = 1 + chance().below(400'000);
        if (key.length > 100_KiB) facts->piece += 20'000;
        facts->pause = std::chrono::microseconds(chance().one_in(2) ? 0 : chance().below(2000));
        if (plan_.sources_fail && chance().one_in(3)) {
            facts->fail_after = chance().below(key.length.count());
        }
        if (plan_.sources_fail && chance().one_in(10)) facts->too_short_by = 1;
        source_facts& mine = *facts;
        facts_.push_back(std::move(facts));
        const auto begun =
            co_await store.fill(key, {.first = first, .count = count}, source_of(key, mine));
        if (!begun) {
            expect(begun.error(), {errc::overloaded, errc::no_space}, "fill");
            co_return;
        }
        for (std::uint32_t n = first; n < first + count; ++n) {
            if (chance().one_in(8)) co_return;  // a reader leaves, the fill goes on
            co_await read_one(store, key, n);
        }
    }

    task<void> read_some(part_store& store, part_key key) {
        std::uint32_t n = static_cast<std::uint32_t>(chance().below(chunk_count(key.length)));
        for (; n < chunk_count(key.length) && !chance().one_in(3); ++n) {
            co_await read_one(store, key, n);
        }
    }

    task<void> read_one(part_store& store, part_key key, std::uint32_t chunk) {
        const auto patience = std::chrono::microseconds(100 + chance().below(4'000'000));
        auto got = co_await store.read(key, chunk, now() + patience);
        if (!got) {
            expect(got.error(),
                   {errc::not_found, errc::no_space, errc::timed_out, errc::cancelled, errc::closed,
                    errc::protocol},
                   "read");
            co_return;
        }
        ++out_.served;
        if (got->source() == chunk_source::disk) ++out_.served_from_disk;
        co_await hold(key, chunk, *got);
    }

    // The bytes must be right when they come and still be right when they are let go.
    task<void> hold(part_key key, std::uint32_t chunk, const chunk_lease& lease) {
        check(key, chunk, lease);
        if (chance().one_in(2)) co_return;
        co_await sleep_for(std::chrono::microseconds(chance().below(50'000)));
        check(key, chunk, lease);
    }

    void check(const part_key& key, std::uint32_t chunk, const chunk_lease& lease) {
        std::vector<std::byte>& expected = oracle_[{key.id.low, chunk}];
        if (expected.empty()) expected = content_of(key, chunk);
        if (std::ranges::equal(expected, lease.data())) return;
        violate(fmt::format("chunk {} of a part of {} bytes was served wrong", chunk,
                            key.length.count()));
    }

    void expect(error e, std::initializer_list<errc> allowed, std::string_view where) {
        if (std::ranges::find(allowed, e.code) != allowed.end()) return;
        violate(fmt::format("{} failed with {}", where, describe(e)));
    }

    task<void> calm(part_store& store) {
        for (int i = 0; i < 60 && store.stats().fills_running > 0; ++i) co_await sleep_for(1s);
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("writes never ended");
        co_await sleep_for(20s);  // reads that stall, and that nobody waits for any more
        co_await progress(store);
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("writes never ended");
        for (const part_key& key : plan_.parts) co_await store.purge(key);
        co_await store.drop_memory();
        const store_stats left = store.stats();
        if (left.memory_used + left.device_used + left.device_waste + left.parts +
                left.chunks_memory + left.chunks_disk + left.fills_running !=
            0) {
            violate(fmt::format("left over: {} bytes of memory, {} of device, {} parts, {} fills",
                                left.memory_used, left.device_used, left.parts,
                                left.fills_running));
        }
        for (const auto& f : facts_) {
            if (f->alive != 0) violate("a source outlived its fill");
        }
    }

    task<void> progress(part_store& store) {
        const part_key key = any_part();
        co_await store.purge(key);
        source_facts facts;
        if (!(co_await store.fill(key, whole(key), source_of(key, facts))).has_value()) {
            violate("no fill after the faults ended");
        }
        for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
            auto got = co_await store.read(key, n, now() + 600s);
            // It may have left again already: memory is small. It must not fail.
            if (got) {
                check(key, n, *got);
            } else {
                expect(got.error(), {errc::not_found}, "read after the faults ended");
            }
        }
    }

    void note_outcome(const store_stats& s, duration elapsed) {
        out_.checksum_failures = s.checksum_failures;
        out_.device_errors = s.device_read_errors + s.device_write_errors;
        out_.evictions = s.evicted_disk_parts + s.evicted_memory_chunks;
        metrics_page page;
        s.describe(page);
        out_.fingerprint = xxh3_64(std::as_bytes(std::span(page.text()))) ^
                           static_cast<std::uint64_t>(elapsed.count());
    }

    plan plan_;
    simulated_life& out_;
    std::vector<std::unique_ptr<source_facts>> facts_;
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::byte>> oracle_;
    bool over_ = false;
};

}  // namespace

simulated_life live(std::uint64_t seed, store_options::checksums checksum, faults wanted) {
    const plan p = plan_of(seed, checksum, wanted);
    simulated_life out;
    life everything(p, out);
    const auto end = run_simulated(
        p.store, p.disk, seed, [&](store_under_test on) { return everything.run(on); }, steps_max);
    if (end == simulation::outcome::stuck) everything.violate("everybody waits for nothing");
    if (end == simulation::outcome::step_limit) everything.violate("it never ends");
    return out;
}

}  // namespace lode::engine
