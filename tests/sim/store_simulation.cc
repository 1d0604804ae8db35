#include "tests/sim/store_simulation.h"

#include <map>

#include <fmt/format.h>

#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "tests/engine/store/content.h"
#include "tests/engine/store/store_world.h"
#include "tests/sim/plan.h"

namespace lode::engine {
namespace {

using namespace lode::literals;
using namespace std::chrono_literals;

constexpr std::uint64_t steps_max = 5'000'000;

// What a quiet moment leaves behind for the next life: how many chunks of each part are on disks.
using settled_chunks = std::map<std::uint64_t, std::uint32_t>;

class life {
  public:
    life(const plan& all, const life_plan& mine, simulated_disks& disks, simulated_life& out)
        : parts_(all.parts), truthful_(all.truthful), plan_(mine), disks_(disks), out_(out) {}

    // Begins with a look at what the life before left, and leaves `settled` to the next one.
    task<void> run(store_under_test on, settled_chunks& settled) {
        const time_point begun = now();
        out_.recovered += on.store.stats().recovered_chunks;
        out_.damaged += on.store.stats().damaged_descriptors;
        co_await check_lasting(on.store, settled);
        settled.clear();
        set_faults(on, plan_.device);
        scope background;
        background.spawn(flush_now_and_then(on));
        background.spawn(disturb(on));
        {
            scope clients;
            for (std::uint64_t i = 0; i < plan_.clients; ++i) clients.spawn(client(on.store));
            co_await clients.close();
        }
        over_ = true;
        set_faults(on, {});
        disturbed_.notify_all();
        co_await background.close();
        if (!crashed_) {
            co_await calm(on.store);
            if (plan_.end == ending::quiet_crash) {
                co_await note_settled(on.store, settled);
                cut_power(on);
            } else if (chance().one_in(2)) {
                co_await clean_up(on.store);
            }
        }
        note_outcome(on.store.stats(), now() - begun);
    }

    void violate(std::string what) {
        if (out_.violation.empty()) out_.violation = std::move(what);
    }

  private:
    static lode::random& chance() { return scheduler::current().chance(); }

    // Some parts are asked for more often than others.
    [[nodiscard]] const part_key& any_part() {
        const std::size_t all = parts_.size();
        return parts_[chance().below(chance().one_in(3) ? all : 1 + all / 4)];
    }

    static void set_faults(store_under_test on, device_faults f) {
        for (simulated_device* d : *on.devices) d->set_faults(f);
    }

    void cut_power(store_under_test on) {
        disks_.cut_power(on, chance());
        crashed_ = true;
        ++out_.crashes;
    }

    // The disk remembers what a crash could undo, until it is flushed.
    task<void> flush_now_and_then(store_under_test on) {
        while (!over_) {
            for (simulated_device* d : *on.devices) {
                if (!d->hangs()) (void)co_await d->flush();
            }
            co_await sleep_for(20ms);
        }
    }

    // Power failures, clocks that jump, and kernels that end what a device does not.
    task<void> disturb(store_under_test on) {
        const time_point end = plan_.end == ending::crash ? now() + plan_.crash_after : never;
        while (!over_ && now() < end) {
            const duration step = std::chrono::milliseconds(10 + chance().below(2000));
            (void)co_await disturbed_.wait(std::min(end, now() + step));
            if (chance().one_in(8)) {
                for (simulated_device* d : *on.devices) d->release();
            }
            if (plan_.clock_jumps && !over_ && chance().one_in(4)) {
                disks_.world().jump(std::chrono::seconds(chance().below(7200)));
            }
        }
        if (!over_) cut_power(on);
    }

    task<void> client(part_store& store) {
        for (std::uint64_t i = 0; i < plan_.operations && !crashed_; ++i) {
            const part_key key = any_part();
            switch (chance().below(25)) {
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
                case 10: co_await take_out_or_bring_back(store); break;
                default: co_await read_some(store, key); break;
            }
            if (chance().one_in(3))
                co_await sleep_for(std::chrono::microseconds(chance().below(5000)));
        }
    }

    task<void> take_out_or_bring_back(part_store& store) {
        if (plan_.store.devices.empty() || !chance().one_in(4)) co_return;
        const auto& all = plan_.store.devices;
        const std::string path = all[chance().below(all.size())].path;
        // Either may be refused: it is in use, or its disk is not in the mood.
        if (chance().one_in(3)) {
            (void)co_await store.take_out(path);
            ++out_.taken_out;
        } else {
            (void)co_await store.bring_back(path);
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
        auto count =
            static_cast<std::uint32_t>(1 + chance().below(chunk_count(key.length) - first));
        const auto extent =
            chance().one_in(2) ? fill_extent::whole_part : fill_extent::demanded_only;
        if (extent == fill_extent::whole_part && chance().one_in(4)) count = 0;  // for later
        auto facts = std::make_unique<source_facts>();
        facts->piece = 1 + chance().below(400'000);
        if (key.length > 100_KiB) facts->piece += 20'000;
        facts->pause = std::chrono::microseconds(chance().one_in(2) ? 0 : chance().below(2000));
        if (plan_.sources_fail && chance().one_in(3)) {
            facts->fail_after = chance().below(key.length.count());
        }
        if (plan_.sources_fail && chance().one_in(10)) facts->too_short_by = 1;
        if (chance().one_in(4)) {
            facts->stall_after = chance().below(key.length.count());
            facts->stall = std::chrono::milliseconds(chance().below(6000));
        }
        source_facts& mine = *facts;
        facts_.push_back(std::move(facts));
        const auto begun = co_await store.fill(key, {.first = first, .count = count},
                                               source_of(key, mine), extent);
        if (!begun) {
            expect(begun.error(), {errc::overloaded, errc::no_space}, "fill");
            co_return;
        }
        if (count == 0 && chance().one_in(2)) {
            const auto over = co_await store.wait(key, now() + 20s);
            if (!over) expect(over.error(), {errc::timed_out}, "wait");
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

    // At once, or as it arrives, or as much of it as the reader has patience for.
    task<void> read_one(part_store& store, part_key key, std::uint32_t chunk) {
        const bytes length = chunk_length(key.length, chunk);
        const bool as_it_arrives = chance().one_in(2);
        bytes have;
        while (have < length) {
            const auto patience = std::chrono::microseconds(100 + chance().below(4'000'000));
            auto got = co_await store.read(key, chunk, now() + patience,
                                           as_it_arrives ? have : whole_chunk);
            if (!got) {
                expect(got.error(),
                       {errc::not_found, errc::no_space, errc::timed_out, errc::cancelled,
                        errc::closed, errc::protocol},
                       "read");
                co_return;
            }
            const bytes there(got->data().size());
            if (there <= have || (!as_it_arrives && there < length)) {
                violate("a read returned less than it was asked for");
                co_return;
            }
            have = there;
            ++(have < length ? out_.beginnings : out_.served);
            if (got->source() == chunk_source::disk) ++out_.served_from_disk;
            co_await hold(key, chunk, *got);
            if (as_it_arrives && chance().one_in(30)) co_return;
        }
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
        const auto known = std::span<const std::byte>(expected);
        if (lease.data().size() <= known.size() &&
            same_bytes(known.first(lease.data().size()), lease.data())) {
            return;
        }
        violate(fmt::format("chunk {} of a part of {} bytes was served wrong", chunk,
                            key.length.count()));
    }

    void expect(error e, std::initializer_list<errc> allowed, std::string_view where) {
        if (std::ranges::find(allowed, e.code) != allowed.end()) return;
        violate(fmt::format("{} failed with {}", where, describe(e)));
    }

    task<void> calm(part_store& store) {
        for (int i = 0; i < 200 && store.stats().fills_running > 0; ++i) co_await sleep_for(1s);
        if (store.stats().fills_running + store.stats().background_running > 0) {
            violate("fills never ended");
        }
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("writes never ended");
        co_await sleep_for(20s);  // reads that stall, and that nobody waits for any more
        for (const device_options& d : plan_.store.devices) co_await bring_back(store, d.path);
        co_await progress(store);
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("writes never ended");
    }

    task<void> bring_back(part_store& store, std::string path) {
        std::string why;
        for (int i = 0; i < 60; ++i) {
            auto back = co_await store.bring_back(path);
            if (back) co_return;
            why = back.error();
            co_await sleep_for(1s);
        }
        violate("on a calm disk: " + why);
    }

    task<void> clean_up(part_store& store) {
        for (const part_key& key : parts_) co_await store.purge(key);
        co_await store.drop_memory();
        co_await sleep_for(1s);  // the scrub lets go of its chunk
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
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("tables were not written");
        if (truthful_ && store.stats().chunks_durable != 0)
            violate("tables still describe what was purged");
    }

    // A slot that was overwritten just before an earlier crash still has its old descriptor; reading
    // it finds out.
    task<void> note_settled(part_store& store, settled_chunks& settled) {
        co_await store.drop_memory();
        for (const part_key& key : parts_) {
            for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
                (void)co_await store.read(key, n, now() + 600s, whole_chunk);
            }
        }
        if (!(co_await store.settle(now() + 600s)).has_value()) violate("writes never ended");
        co_await store.drop_memory();
        for (const part_key& key : parts_) {
            settled[key.id.low] = (co_await store.look(key)).disk;
        }
    }

    task<void> check_lasting(part_store& store, const settled_chunks& settled) {
        for (const part_key& key : parts_) {
            const auto before = settled.find(key.id.low);
            if (before == settled.end()) continue;
            const std::uint32_t there = (co_await store.look(key)).disk;
            if (there != before->second) {
                violate(fmt::format("{} chunks of a part had settled, {} are there after a crash",
                                    before->second, there));
            }
            out_.lasting += there;
            for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
                auto got = co_await store.read(key, n, now() + 600s, whole_chunk);
                if (got) {
                    check(key, n, *got);
                } else if (there == chunk_count(key.length)) {
                    violate(fmt::format("a chunk that had settled cannot be read after a crash: {}",
                                        describe(got.error())));
                }
            }
        }
    }

    task<void> progress(part_store& store) {
        const part_key key = any_part();
        co_await store.purge(key);
        source_facts facts;
        const auto begun =
            co_await store.fill(key, whole(key), source_of(key, facts), fill_extent::whole_part);
        if (!begun) violate("no fill after the faults ended");
        for (std::uint32_t n = 0; n < chunk_count(key.length); ++n) {
            auto got = co_await store.read(key, n, now() + 600s, whole_chunk);
            // It may have left again already: memory is small. It must not fail.
            if (got) {
                check(key, n, *got);
            } else {
                expect(got.error(), {errc::not_found}, "read after the faults ended");
            }
        }
        if (!co_await store.wait(key, now() + 600s)) violate("a fill never ended");
        if ((co_await store.look(key)).filling > 0) violate("a fill left something behind");
    }

    void note_outcome(const store_stats& s, duration elapsed) {
        out_.checksum_failures += s.checksum_failures;
        out_.device_errors += s.device_read_errors + s.device_write_errors;
        out_.evictions += s.evicted_disk_parts + s.evicted_memory_chunks;
        out_.given_up += s.devices_given_up;
        out_.joined += s.fills_joined;
        out_.promoted += s.chunks_promoted;
        out_.background_bytes += s.background_bytes;
        for (const auto& f : facts_) out_.parallel += f->fetching_most > 1 ? 1 : 0;
        metrics_page page;
        s.describe(page);
        out_.fingerprint ^= xxh3_64(std::as_bytes(std::span(page.text()))) ^
                            static_cast<std::uint64_t>(elapsed.count());
    }

    const std::vector<part_key>& parts_;
    const bool truthful_;
    const life_plan& plan_;
    simulated_disks& disks_;
    simulated_life& out_;
    std::vector<std::unique_ptr<source_facts>> facts_;
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::byte>> oracle_;
    wait_list disturbed_;
    bool over_ = false;
    bool crashed_ = false;
};

}  // namespace

simulated_life live(std::uint64_t seed, store_options::checksums checksum, faults wanted) {
    const plan p = plan_of(seed, checksum, wanted);
    simulated_life out;
    simulated_disks disks;
    for (const auto& [path, size] : p.disks) disks.add(path, size);
    settled_chunks settled;
    // Chunks may be where a table was, until the slab's new header is there: a crash in the middle
    // of things shows that, and so does a device that was taken out.
    bool undamaged = p.truthful;
    for (const life_plan& mine : p.lives) {
        if (!p.truthful) settled.clear();
        life everything(p, mine, disks, out);
        const auto end = disks.run(
            mine.store, seed, [&](store_under_test on) { return everything.run(on, settled); },
            steps_max);
        if (undamaged && out.damaged > 0) everything.violate("a table was damaged by nobody");
        if (mine.end == ending::crash || out.taken_out > 0) undamaged = false;
        if (end == simulation::outcome::stuck) everything.violate("everybody waits for nothing");
        if (end == simulation::outcome::step_limit) everything.violate("it never ends");
        if (!out.violation.empty()) break;
    }
    return out;
}

}  // namespace lode::engine
