#include "engine/store/memory_tier.h"

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr int blocks_looked_at_max = 64;
constexpr int frames_looked_at_max = 4096;

std::uint32_t frames_in_block(size_class c) {
    return static_cast<std::uint32_t>(frame_pool::block_size / c.size());
}

}  // namespace

memory_tier::memory_tier(frame_pool pool, memory_tier_owner& owner)
    : pool_(std::move(pool)), owner_(owner), blocks_(pool_.blocks()) {}

resident* memory_tier::take(size_class c) {
    std::optional<frame> got = pool_.try_take(c);
    resident* candidate = got || idle_.empty() ? nullptr : &idle_.front();
    std::optional<std::uint32_t> refused;
    for (int blocks = 0, frames = 0; !got && candidate != nullptr &&
                                     blocks < blocks_looked_at_max && frames < frames_looked_at_max;
         ++frames) {
        const std::uint32_t number = pool_.block_of(candidate->frame);
        if (class_of(*candidate) == c) {
            evict(*candidate);
            got = pool_.try_take(c);
        } else if (number != refused && block_is_idle(number)) {
            // A frame of another class helps only together with its whole block.
            empty_block(number);
            got = pool_.try_take(c);
        } else {
            if (number != refused) ++blocks;
            refused = number;
            candidate = idle_.next_of(*candidate);
        }
    }
    if (!got) return nullptr;
    const std::uint32_t number = pool_.block_of(got->number);
    prepare_block(number, c);
    resident& r = at(got->number);
    LODE_ASSERT(r.state == frame_state::free && r.pins == 0 && !r.linked());
    r.part = no_part;
    r.chunk = 0;
    r.pins = 1;
    r.frame = got->number;
    r.slot.reset();
    r.state = frame_state::arriving;
    r.writing = false;
    r.doomed = false;
    r.unproved = false;
    r.asked = 0;
    r.seen = false;
    r.ahead = false;
    r.held = false;
    r.arrived = 0;
    r.announced = 0;
    return &r;
}

resident& memory_tier::at(frame_id frame) {
    const block& b = blocks_[pool_.block_of(frame)];
    const std::uint32_t index = frame.value() % frame_pool::frames_per_block_max;
    LODE_ASSERT(b.frames != nullptr && index < frames_in_block(b.size));
    return b.frames[index];
}

bool memory_tier::pin(resident& r) {
    LODE_ASSERT(r.state == frame_state::ready || (r.state == frame_state::arriving && r.pins > 0));
    r.unlink();
    return r.pins++ == 0;
}

memory_tier::after_unpin memory_tier::unpin(resident& r) {
    LODE_ASSERT(r.pins > 0 && !r.linked());
    if (--r.pins > 0) return after_unpin::pinned;
    if (r.state == frame_state::ready && r.part != no_part) {
        LODE_ASSERT(!r.writing);
        idle_.push_back(r);
        return after_unpin::idle;
    }
    give_back(r);
    return after_unpin::freed;
}

void memory_tier::forget(resident& r) {
    LODE_ASSERT(r.state == frame_state::ready && r.pins == 0);
    r.unlink();
    give_back(r);
}

bool memory_tier::drop_coldest() {
    if (idle_.empty()) return false;
    evict(idle_.front());
    return true;
}

// The descriptors of a block are made anew only when the block changes its class.
void memory_tier::prepare_block(std::uint32_t number, size_class c) {
    block& b = blocks_[number];
    if (b.frames != nullptr && b.size == c) return;
    b.frames = std::make_unique<resident[]>(frames_in_block(c));
    b.size = c;
}

bool memory_tier::block_is_idle(std::uint32_t number) {
    const block& b = blocks_[number];
    for (std::uint32_t i = 0; i < frames_in_block(b.size); ++i) {
        const resident& r = b.frames[i];
        if (r.state != frame_state::free && !r.linked()) return false;
    }
    return true;
}

void memory_tier::empty_block(std::uint32_t number) {
    const block& b = blocks_[number];
    for (std::uint32_t i = 0; i < frames_in_block(b.size); ++i) {
        if (b.frames[i].state != frame_state::free) evict(b.frames[i]);
    }
}

void memory_tier::evict(resident& r) {
    LODE_ASSERT(r.state == frame_state::ready && r.pins == 0 && r.linked() && !r.writing);
    r.unlink();
    owner_.left_memory(r);
    give_back(r);
}

void memory_tier::give_back(resident& r) {
    LODE_ASSERT(r.pins == 0 && !r.writing);
    r.state = frame_state::free;
    r.part = no_part;
    pool_.give_back(r.frame);
}

}  // namespace lode::engine
