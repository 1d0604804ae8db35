// How chunks get into frames from a device, out of frames onto a device, and out of the index.
#include <cstring>
#include <limits>

#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "engine/store/home.h"

namespace lode::engine {
namespace {

using where = chunk_location::kind;

}  // namespace

// The frame's mark as filling becomes its pin, so that `busy` stays as it is.
void home::publish(resident& r) {
    LODE_ASSERT(r.state == frame_state::arriving && r.pins > 0);
    part& p = parts_.at(r.part);
    chunk_record& record = p.chunk(r.chunk);
    LODE_ASSERT(record.location.what() == where::filling);
    record.location = chunk_location::of(r.frame);
    r.state = frame_state::ready;
    count_.chunks_filled.add();
    count_.bytes_filled.add(chunk_length(p.length, r.chunk).count());
    count_.chunks_memory.add();
    const std::uint32_t waited_for = arrivals_.announce(r.part, r.chunk, &r);
    r.pins += waited_for;
    r.seen = r.seen || waited_for > 0;
    if (admission_.admits_on_arrival(p.id, r.chunk)) {
        begin_write(r);
    } else {
        count_.not_admitted.add();
        note_asked(r, waited_for);
    }
}

// A chunk that no device took when it came may be worth it later.
void home::note_asked(resident& r, unsigned times) {
    for (; times > 0 && r.asked < std::numeric_limits<std::uint8_t>::max(); --times) {
        ++r.asked;
        if (admission_.admits_when_asked(r.asked) && !r.slot && !r.writing) begin_write(r);
    }
}

bool home::begin_load(part_ref ref, std::uint32_t chunk) {
    const bytes length = chunk_length(parts_.at(ref).length, chunk);
    resident* r = memory_.take(size_class::holding(length));
    if (r == nullptr) return false;
    part& p = parts_.at(ref);
    chunk_record& record = p.chunk(chunk);
    r->part = ref;
    r->chunk = chunk;
    r->slot = record.location.slot();
    r->unproved = record.location.slot_proof() == chunk_location::proof::found;
    r->state = frame_state::loading;
    record.location = chunk_location::of(r->frame);
    ++p.busy;
    background_.spawn(load(ref, *r));
    return true;
}

task<void> home::load(part_ref ref, resident& r) {
    part& p = parts_.at(ref);
    const bytes length = chunk_length(p.length, r.chunk);
    const auto data = memory_of(r).first(round_up(length, format::block).count());
    auto got = co_await devices_[p.device]->io.read(slots_.offset_of(ref, r.chunk, *r.slot), data);
    if (r.part == no_part) {  // given up with its device
        unpin(r);
        co_return;
    }
    if (!got || !intact(r, data.first(length.count()))) {
        lose(ref, r);
        co_return;
    }
    r.state = frame_state::ready;
    count_.chunks_memory.add();
    r.pins += arrivals_.announce(ref, r.chunk, &r);
    if (r.doomed) detach(r);
    unpin(r);
    parts_.erase_if_empty(ref);
    refresh_gauges();
}

bool home::intact(const resident& r, std::span<const std::byte> data) {
    if (options_.checksum == store_options::checksums::ignored) return true;
    if (xxh3_64(data) == parts_.at(r.part).chunk(r.chunk).checksum()) return true;
    (r.unproved ? count_.stale_chunks : count_.checksum_failures).add();
    return false;
}

// What the device holds cannot be had: the chunk is gone, and those who waited for it have a miss.
void home::lose(part_ref ref, resident& r) {
    LODE_ASSERT(r.state == frame_state::loading && r.pins == 1);
    part& p = parts_.at(ref);
    const std::uint32_t chunk = r.chunk;
    slots_.release(ref, chunk, *r.slot);
    r.slot.reset();
    p.chunk(chunk).location = {};
    --p.held;
    --p.busy;
    unpin(r);
    arrivals_.announce(ref, chunk, fail(errc::not_found));
    parts_.erase_if_empty(ref);
    refresh_gauges();
}

void home::begin_write(resident& r) {
    if (stopping_ || !may_write(r.part, r)) return;
    ++r.pins;
    r.writing = true;
    dirty_ += memory_.class_of(r).size();
    ++writes_pending_;
    background_.spawn(write_out(r.part, r));
}

bool home::may_write(part_ref ref, const resident& r) {
    if (!slots_.choose_device(ref)) return false;
    if (devices_[parts_.at(ref).device]->allowance.try_take(memory_.class_of(r).size(), now())) {
        return true;
    }
    count_.over_write_limit.add();
    return false;
}

task<void> home::write_out(part_ref ref, resident& r) {
    semaphore& turns = devices_[parts_.at(ref).device]->io.write_turns();
    if (auto turn = co_await turns.acquire(); turn) {
        if (!r.doomed) (void)co_await write_to_slot(ref, r);
        turns.release();
    }
    if (r.ahead && r.slot) caught_up(r, caught_up_by::other);  // it can be read back
    r.writing = false;
    dirty_ -= memory_.class_of(r).size();
    if (r.doomed) detach(r);
    unpin(r);
    parts_.erase_if_empty(ref);
    frames_came_free();
    refresh_gauges();
    if (--writes_pending_ == 0) settled_.notify_all();
}

task<result<>> home::write_to_slot(part_ref ref, resident& r) {
    part& p = parts_.at(ref);
    r.slot = slots_.place(ref, r.chunk);
    if (!r.slot) {
        count_.no_space.add();
        not_kept(ref);
        co_return fail(errc::no_space);
    }
    const std::uint64_t length = chunk_length(p.length, r.chunk).count();
    const auto data = memory_of(r).first(round_up(bytes(length), format::block).count());
    std::memset(data.data() + length, 0, data.size() - length);
    p.chunk(r.chunk).set_checksum(xxh3_64(data.first(length)));
    count_.bytes_admitted.add(length);
    auto written =
        co_await devices_[p.device]->io.write(slots_.offset_of(ref, r.chunk, *r.slot), data);
    if (!r.slot) co_return fail(errc::unavailable);  // given up with its device
    if (written) {
        slots_.written(ref, r.chunk, *r.slot);
    } else {
        slots_.release(ref, r.chunk, *r.slot);
        r.slot.reset();
    }
    co_return written;
}

// The index forgets a chunk that is in memory. Whoever has it pinned keeps its bytes.
void home::detach(resident& r) {
    LODE_ASSERT(r.state == frame_state::ready && !r.writing && r.part != no_part);
    if (r.ahead) caught_up(r, caught_up_by::other);
    part& p = parts_.at(r.part);
    if (r.slot) slots_.release(r.part, r.chunk, *r.slot);
    r.slot.reset();
    p.chunk(r.chunk).location = {};
    --p.held;
    count_.chunks_memory.subtract();
    r.part = no_part;
    if (r.pins > 0) {
        --p.busy;
    } else {
        memory_.forget(r);
    }
}

}  // namespace lode::engine
