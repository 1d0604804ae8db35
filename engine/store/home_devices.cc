// Devices: what they hold at start, giving one up, taking it back, and reading it over.
#include "engine/base/aligned_memory.h"
#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/store/home.h"

namespace lode::engine {
namespace {

using namespace std::chrono_literals;

constexpr int parts_between_yields = 256;
constexpr duration scrub_patience = 60s;
constexpr duration scrub_pause = 10s;  // between two rounds, and when there is no memory

using where = chunk_location::kind;

}  // namespace

std::vector<std::unique_ptr<attached_device>> home::attach(
    std::vector<attached_device::setup> given) {
    const device_io::limits limits{.reads_max = options_.device_reads_max,
                                   .writes_max = options_.device_writes_max,
                                   .health = options_.device_health};
    std::vector<std::unique_ptr<attached_device>> attached;
    for (auto& d : given) {
        const device_io::owner me{.gave_up = &home::device_gave_up,
                                  .self = this,
                                  .device = static_cast<std::uint8_t>(attached.size())};
        attached.push_back(std::make_unique<attached_device>(std::move(d), limits, me,
                                                             options_.flush_delay, count_));
    }
    return attached;
}

std::vector<device_tier::device_setup> home::journals() {
    std::vector<device_tier::device_setup> all;
    all.reserve(devices_.size());
    for (const auto& d : devices_) all.push_back({.cut = d->super.cut, .journal = &d->tables});
    return all;
}

task<recovered> home::start() {
    assert_home();
    recovered sum;
    {
        scope recoveries;
        for (std::size_t d = 0; d < devices_.size(); ++d) {
            recoveries.spawn(recover(static_cast<std::uint8_t>(d), sum));
        }
        co_await recoveries.close();
    }
    for (auto& d : devices_) d->tables.start();
    for (std::size_t d = 0; d < devices_.size(); ++d) {
        watcher_.device_changed(self_, static_cast<std::uint8_t>(d), devices_[d]->io.in_service());
    }
    if (options_.scrub_rate > bytes(0) && !devices_.empty()) background_.spawn(scrub());
    count_.recovered_parts.set(sum.parts);
    count_.recovered_chunks.set(sum.chunks);
    count_.damaged_descriptors.set(sum.damaged);
    refresh_gauges();
    co_return sum;
}

task<void> home::recover(std::uint8_t device, recovered& into) {
    attached_device& d = *devices_[device];
    recovery found(parts_, slots_,
                   {.device = device, .super = d.super, .io = d.io, .tables = d.tables});
    d.recovering = true;
    into.add(co_await found.run());
    d.recovering = false;
}

void home::device_gave_up(void* self, std::uint8_t device, device_trouble why) {
    static_cast<home*>(self)->watcher_.device_gave_up(device, why);
}

void home::take_out(void* self, std::uint64_t device) {
    home& here = *static_cast<home*>(self);
    here.assert_home();
    const auto number = static_cast<std::uint8_t>(device);
    attached_device& d = *here.devices_[number];
    if (!d.io.in_service()) return;
    d.io.take_out_of_service();
    d.tables.forget();
    here.slots_.close(number);
    here.watcher_.device_changed(here.self_, number, false);
    if (!here.background_.closed()) here.background_.spawn(here.forget_device(number));
}

task<void> home::forget_device(std::uint8_t device) {
    for (int forgotten = 0;;) {
        const part_ref ref = slots_.any_part_on(device);
        if (ref == no_part) break;
        forget_copies(ref);
        if (++forgotten % parts_between_yields == 0) co_await yield();
    }
    frames_came_free();
    refresh_gauges();
}

// The part loses its device. What is also in memory stays there.
void home::forget_copies(part_ref ref) {
    part& p = parts_.at(ref);
    for (std::uint32_t n = 0; p.on_device > 0; ++n) {
        const auto slot = slots_.slot_of(ref, n);
        if (!slot) continue;
        slots_.release(ref, n, *slot);
        count_.chunks_forgotten.add();
        chunk_record& record = p.chunk(n);
        if (record.location.what() == where::slot) {
            record.location = {};
            --p.held;
            continue;
        }
        resident& r = memory_.at(record.location.frame());
        r.slot.reset();
        if (r.state == frame_state::loading) abandon_load(ref, r);
    }
    parts_.erase_if_empty(ref);
}

// The device may never answer: whoever waits has a miss, and the frame is nobody's until it does.
void home::abandon_load(part_ref ref, resident& r) {
    part& p = parts_.at(ref);
    const std::uint32_t chunk = r.chunk;
    p.chunk(chunk).location = {};
    --p.held;
    --p.busy;
    r.part = no_part;
    arrivals_.announce(ref, chunk, fail(errc::not_found));
}

task<result<recovered>> home::bring_back(std::uint8_t device) {
    assert_home();
    attached_device& d = *devices_[device];
    if (d.io.in_service()) co_return recovered{};
    // It may have been taken out while it was being read: that must end first.
    if (stopping_ || d.recovering || slots_.any_part_on(device) != no_part || !d.tables.idle()) {
        co_return fail(errc::unavailable);
    }
    d.recovering = true;
    slots_.reset(device);
    d.io.return_to_service();
    if (auto same = co_await check_identity(d); !same) {
        d.recovering = false;
        d.io.take_out_of_service();
        co_return std::unexpected(same.error());
    }
    recovered sum;
    co_await recover(device, sum);
    if (!d.io.in_service()) {  // it failed again
        background_.spawn(forget_device(device));
        co_return fail(errc::unavailable);
    }
    slots_.open(device);
    watcher_.device_changed(self_, device, true);
    refresh_gauges();
    co_return sum;
}

task<result<>> home::check_identity(attached_device& d) {
    const aligned_memory memory(format::block);
    const auto block = memory.span().first<format::block.count()>();
    error why{.code = errc::corrupt};
    for (const device_offset at : {format::first_superblock, format::second_superblock}) {
        if (auto got = co_await d.io.read(at, block); !got) {
            why = got.error();
            continue;
        }
        const auto super = format::decode_superblock(block);
        if (super && super->device == d.super.device && super->cut == d.super.cut) {
            co_return result<>{};
        }
    }
    co_return std::unexpected(why);
}

// Reads everything on the devices over and over, slowly; a chunk that is damaged is dropped before
// anybody asks for it.
task<void> home::scrub() {
    rate_limit pace(options_.scrub_rate * devices_.size() / options_.cores);
    while (!stopping_) {
        for (std::uint32_t i = 0; i < parts_.end().value() && !stopping_; ++i) {
            co_await scrub_part(part_ref(i), pace);
            if (i % parts_between_yields == 0) co_await yield();
        }
        if (!stopping_) (void)co_await stop_signal_.wait(now() + scrub_pause);
    }
}

task<void> home::scrub_part(part_ref ref, rate_limit& pace) {
    // After each wait it may be another part, or none.
    const auto exists = [&](std::uint32_t n) {
        return parts_.at(ref).on_device > 0 && n < parts_.at(ref).chunks();
    };
    for (std::uint32_t n = 0; !stopping_ && exists(n);) {
        if (parts_.at(ref).chunk(n).location.what() != where::slot) {
            ++n;
            continue;
        }
        const bytes length = chunk_length(parts_.at(ref).length, n);
        if (!pace.try_take(length, now())) {
            (void)co_await stop_signal_.wait(pace.due(length, now()));
            continue;
        }
        if (!begin_load(ref, n++)) {
            (void)co_await stop_signal_.wait(now() + scrub_pause);
            continue;
        }
        auto arrived = co_await arrivals_.wait(ref, n - 1, now() + scrub_patience);
        if (!arrived) continue;
        count_.chunks_scrubbed.add();
        unpin(**arrived);
        making_room_ = false;
        memory_.drop(**arrived);
        making_room_ = true;
    }
}

}  // namespace lode::engine
