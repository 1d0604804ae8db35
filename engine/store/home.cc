#include "engine/store/home.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/ring.h"
#include "engine/store/part_store.h"

namespace lode::engine {
namespace {

constexpr bytes memory_min{std::uint64_t{2} << 20U};
constexpr int index_evictions_max = 64;
constexpr int drops_between_yields = 1024;

using where = chunk_location::kind;

bool has_chunk(const part_key& key, std::uint32_t chunk) {
    return key.length > bytes(0) && key.length <= part_length_max &&
           chunk < chunk_count(key.length);
}

}  // namespace

result<std::unique_ptr<home>> home::open(setup s) {
    auto frames = frame_pool::open(std::max(memory_min, s.options.memory / s.options.cores));
    if (!frames) return std::unexpected(frames.error());
    if (ring* r = ring::current_or_null()) {
        const auto registered = r->register_memory(frames->arena());
        if (!registered && s.self == core_id(0)) {
            log::warning(
                "memory for chunks cannot be registered with the kernel ({}); reads and writes of "
                "devices cost a little more. Raise the memlock limit to avoid that.",
                describe(registered.error()));
        }
    }
    return std::make_unique<home>(std::move(s), std::move(*frames));
}

home::home(setup s, frame_pool frames)
    : self_(s.self),
      options_(s.options),
      count_(s.count),
      parts_(s.parts_max, s.chunks_max),
      memory_(std::move(frames), *this),
      devices_(attach(std::move(s.devices))),
      slots_(parts_, memory_, count_, journals(), s.mine),
      admission_(options_.admission, s.parts_max),
      watcher_(s.watcher),
      background_pace_(options_.background_rate / options_.cores) {
    count_.memory_capacity.set(memory_.pool().capacity().count());
    count_.parts_capacity.set(parts_.capacity());
    refresh_gauges();
}

home::wish home::wish_for(const part_key& key, std::uint32_t chunk, bytes beyond) {
    const std::uint64_t length = chunk_length(key.length, chunk).count();
    return {.length = length,
            .beyond = std::min(beyond.count(), length - 1),
            .first = beyond == bytes(0) || beyond >= whole_chunk};
}

task<result<chunk_lease>> home::read(part_key key, std::uint32_t chunk, time_point until,
                                     bytes beyond) {
    assert_home();
    if (!has_chunk(key, chunk)) co_return fail(errc::invalid);
    const wish wanted = wish_for(key, chunk, beyond);
    const time_point memory_until = std::min(until, now() + options_.frame_wait);
    auto found = chunk_source::memory;
    for (;;) {
        if (stopping_) co_return fail(errc::cancelled);
        const part_ref ref = parts_.find(key.id);
        if (ref == no_part) break;
        part& p = parts_.at(ref);
        if (p.length != key.length) co_return fail(errc::invalid);
        const chunk_location at = p.chunk(chunk).location;
        if (at.what() == where::absent) break;
        slots_.used(ref);
        if (at.what() == where::slot) {
            found = chunk_source::disk;
            if (begin_load(ref, chunk)) continue;
            // Everything may have changed by the time a frame is free.
            if (auto freed = co_await frames_free_.wait(memory_until); !freed) {
                count_.no_memory.add();
                co_return fail(stopping_ ? errc::cancelled : errc::no_space);
            }
            continue;
        }
        if (at.what() == where::frame) {
            resident& r = memory_.at(at.frame());
            if (r.state == frame_state::ready) {
                if (memory_.pin(r)) ++p.busy;
                if (wanted.first) note_asked(r, 1);
                co_return lease(r, wanted, found);
            }
            found = chunk_source::disk;
        } else {
            found = chunk_source::filling;
            if (const auto arriving = p.chunk(chunk).arriving()) {
                resident& r = memory_.at(*arriving);
                if (r.announced > wanted.beyond) {
                    memory_.pin(r);
                    co_return lease(r, wanted, found);
                }
            }
            if (engine::fill* f = fill_of(ref)) f->await(chunk);
        }
        auto arrived = co_await arrivals_.wait(ref, chunk, wanted.beyond, until);
        if (arrived) co_return lease(**arrived, wanted, found);
        if (arrived.error().code != errc::not_found) co_return std::unexpected(arrived.error());
        break;
    }
    count_.misses.add();
    co_return fail(errc::not_found);
}

result<chunk_claim> home::claim(part_key key, std::uint32_t chunk) {
    assert_home();
    if (stopping_) return fail(errc::cancelled);
    if (!has_chunk(key, chunk)) return fail(errc::invalid);
    const part_ref ref = find_or_insert(key);
    if (ref == no_part) return fail(errc::unavailable);
    part& p = parts_.at(ref);
    if (p.length != key.length) return fail(errc::invalid);
    if (p.chunk(chunk).location.what() != where::absent) return fail(errc::unavailable);
    const bytes length = chunk_length(key.length, chunk);
    mark(ref, chunk);
    const bool crowded = dirty_ * 2 >= memory_.pool().capacity();
    resident* r = crowded ? nullptr : memory_.take(size_class::holding(length));
    if (r == nullptr) {
        count_.no_memory.add();
        unmark(ref, chunk, error{.code = errc::cancelled});
        return fail(errc::unavailable);
    }
    r->part = ref;
    r->chunk = chunk;
    refresh_gauges();
    return chunk_claim(*this, self_, r->frame, memory_of(*r).first(length.count()));
}

presence home::look(const part_key& key, chunk_range among) {
    assert_home();
    presence seen;
    if (!has_chunk(key, 0)) return seen;
    const std::uint32_t chunks = chunk_count(key.length);
    const std::uint32_t first = std::min(among.first, chunks);
    const std::uint32_t end = first + std::min(among.count, chunks - first);
    const part_ref ref = parts_.find(key.id);
    if (ref == no_part || parts_.at(ref).length != key.length) {
        seen.absent = end - first;
        return seen;
    }
    part& p = parts_.at(ref);
    for (std::uint32_t n = first; n < end; ++n) {
        const chunk_location at = p.chunk(n).location;
        switch (at.what()) {
            case where::absent: ++seen.absent; break;
            case where::filling: ++seen.filling; break;
            case where::slot: ++seen.disk; break;
            case where::frame:
                ++(memory_.at(at.frame()).state == frame_state::ready ? seen.memory : seen.disk);
                break;
        }
    }
    return seen;
}

task<void> home::drop_memory() {
    assert_home();
    for (bool more = true; more; co_await yield()) {
        making_room_ = false;
        for (int i = 0; more && i < drops_between_yields; ++i) more = memory_.drop_coldest();
        making_room_ = true;
    }
    frames_came_free();
    refresh_gauges();
}

void home::purge(const part_key& key) {
    assert_home();
    const part_ref ref = parts_.find(key.id);
    if (ref == no_part) return;
    part& p = parts_.at(ref);
    for (std::uint32_t n = 0; n < p.chunks(); ++n) {
        chunk_record& record = p.chunk(n);
        if (record.location.what() == where::slot) {
            slots_.release(ref, n, record.location.slot());
            record.location = {};
            --p.held;
        } else if (record.location.what() == where::frame) {
            resident& r = memory_.at(record.location.frame());
            if (r.state == frame_state::loading || r.writing) {
                r.doomed = true;
            } else {
                detach(r);
            }
        }
    }
    parts_.erase_if_empty(ref);
    frames_came_free();
    refresh_gauges();
}

task<result<>> home::settle(time_point until) {
    assert_home();
    while (writes_pending_ > 0) {
        if (auto settled = co_await settled_.wait(until); !settled) co_return settled;
    }
    for (auto& d : devices_) {
        if (auto settled = co_await d->tables.settle(until); !settled) co_return settled;
    }
    co_return result<>{};
}

task<void> home::stop() {
    assert_home();
    stopping_ = true;
    for (engine::fill* f = fills_.empty() ? nullptr : &fills_.front(); f != nullptr;) {
        engine::fill& next = *f;
        f = fills_.next_of(next);
        next.abort({.code = errc::cancelled});
    }
    frames_free_.notify_all(fail(errc::cancelled));
    stop_signal_.notify_all();
    const time_point until = now() + options_.stop_timeout;
    if (!co_await background_.wait_idle(until)) {
        log::warning("core {}: {} fills and {} device writes did not end in time", self_.value(),
                     fills_running_, writes_pending_);
        co_return;
    }
    bool tables_ended = true;
    for (auto& d : devices_) {
        if (!co_await d->tables.stop(until)) tables_ended = false;
    }
    if (!tables_ended) {
        log::warning("core {}: a device did not take its tables in time", self_.value());
        co_return;
    }
    co_await background_.close();
}

void home::lease_ended(void* self, std::uint64_t frame) {
    home& here = *static_cast<home*>(self);
    here.assert_home();
    here.unpin(here.memory_.at(frame_id(static_cast<std::uint32_t>(frame))));
}

void home::claim_published(void* self, std::uint64_t frame) {
    home& here = *static_cast<home*>(self);
    here.assert_home();
    here.publish(here.memory_.at(frame_id(static_cast<std::uint32_t>(frame))));
    here.fill_ended_.notify_all();
}

void home::claim_abandoned(void* self, std::uint64_t frame) {
    home& here = *static_cast<home*>(self);
    here.assert_home();
    resident& r = here.memory_.at(frame_id(static_cast<std::uint32_t>(frame)));
    const part_ref ref = r.part;
    const std::uint32_t chunk = r.chunk;
    here.unpin(r);
    here.unmark(ref, chunk, error{.code = errc::cancelled});
    here.fill_ended_.notify_all();
}

void home::unpin(resident& r) {
    const part_ref ref = r.part;
    const bool counted = r.state == frame_state::ready && ref != no_part;
    if (memory_.unpin(r) == memory_tier::after_unpin::pinned) return;
    if (counted) {
        LODE_ASSERT(parts_.at(ref).busy > 0);
        --parts_.at(ref).busy;
    }
    count_.memory_used.set(memory_.pool().used().count());
    frames_came_free();
}

part_ref home::find_or_insert(const part_key& key) {
    part_ref ref = parts_.find(key.id);
    if (ref != no_part) return ref;
    ref = parts_.insert(key);
    // The index is full: the coldest give way, be it part by part or chunk by chunk.
    for (int i = 0; ref == no_part && i < index_evictions_max; ++i) {
        const bool from_device = slots_.evict_one();
        const bool from_memory = memory_.drop_coldest();
        if (!from_device && !from_memory) break;
        ref = parts_.insert(key);
    }
    if (ref == no_part) {
        count_.no_space.add();
        return no_part;
    }
    return ref;
}

chunk_lease home::lease(resident& r, const wish& w, chunk_source found) {
    LODE_ASSERT(r.pins > 0 && (r.state == frame_state::ready || r.state == frame_state::arriving));
    const std::uint64_t there = r.state == frame_state::ready ? w.length : r.arrived;
    LODE_ASSERT(there > w.beyond);
    r.seen = true;
    if (r.ahead) caught_up(r, caught_up_by::reading);
    const std::uint64_t hits = w.first ? 1 : 0;
    const std::uint64_t fresh = w.first ? there : there - w.beyond;
    switch (found) {
        case chunk_source::memory:
            count_.hits_memory.add(hits);
            count_.bytes_memory.add(fresh);
            break;
        case chunk_source::disk:
            count_.hits_disk.add(hits);
            count_.bytes_disk.add(fresh);
            break;
        case chunk_source::filling:
            count_.hits_filling.add(hits);
            count_.bytes_filling.add(fresh);
            break;
    }
    return {*this, self_, r.frame, memory_of(r).first(there), found};
}

void home::left_memory(resident& r) {
    part& p = parts_.at(r.part);
    chunk_record& record = p.chunk(r.chunk);
    LODE_ASSERT(record.location == chunk_location::of(r.frame));
    if (r.ahead) caught_up(r, caught_up_by::other);
    count_.chunks_memory.subtract();
    if (making_room_) {
        count_.evicted_memory_chunks.add();
        count_.evicted_memory_bytes.add(chunk_length(p.length, r.chunk).count());
    }
    if (r.slot) {
        record.location = chunk_location::of(*r.slot);
        return;
    }
    record.location = {};
    --p.held;
    parts_.erase_if_empty(r.part);
}

void home::frames_came_free() {
    if (!frames_free_.empty()) frames_free_.notify_all();
}

void home::refresh_gauges() {
    count_.memory_used.set(memory_.pool().used().count());
    count_.parts.set(parts_.size());
    count_.index_bytes.set(parts_.memory().count());
    count_.fills_running.set(fills_running_ - fills_lingering_);
    count_.background_running.set(background_turns_);
}

}  // namespace lode::engine
