#include "engine/store/near_chunks.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/frames.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {
namespace {

constexpr std::uint64_t near_share = 16;  // of a home's memory, that the others may keep pinned
constexpr bytes near_charge = frame_pool::block_size;  // for a frame of any size

}  // namespace

bytes near_chunks::most_of(bytes memory, std::size_t cores) {
    return memory / cores / near_share / std::max<std::size_t>(cores - 1, 1);
}

near_chunks::near_chunks(bytes most, std::size_t cores)
    : most_(most), held_of_(cores), sweep_(&sweep, this) {}

near_chunks::~near_chunks() {
    for (const place& p : places_) LODE_ASSERT(!p.held.lease);
}

std::optional<chunk_lease> near_chunks::borrow(const part_key& part, std::uint32_t chunk) {
    place& p = place_of(part, chunk);
    const bool good = p.held.lease && p.chunk == chunk && p.part == part && now() - p.came < hold;
    if (!good) return std::nullopt;
    return chunk_lease(p.held);
}

chunk_lease near_chunks::arrived(const part_key& part, std::uint32_t chunk, chunk_lease lease,
                                 asking since) {
    const bool whole = lease.source() == chunk_source::memory &&
                       bytes(lease.data().size()) == chunk_length(part.length, chunk);
    place& p = place_of(part, chunk);
    if (!whole || p.held.users > 0 || since != begin()) return lease;
    const time_point before = std::exchange(p.came, now());
    const bool again = p.chunk == chunk && p.part == part && p.came - before < 2 * hold;
    let_go(p);
    p.part = part;
    p.chunk = chunk;
    bytes& held = held_of_[lease.home_core().value()];
    if (!again || held + near_charge > most_) return lease;
    held += near_charge;
    p.held.lease = std::move(lease);
    if (!sweep_.armed()) sweep_.arm(p.came + hold);
    return chunk_lease(p.held);
}

void near_chunks::forget(const part_key& part) {
    ++forgotten_;
    for (place& p : places_) {
        if (p.part == part) end(p);
    }
}

task<void> near_chunks::empty(std::size_t cores) {
    ++forgotten_;
    for (place& p : places_) end(p);
    // Behind what was just given back: a home that answers has those.
    for (std::size_t i = 0; i < cores; ++i) {
        co_await on_core(core_id(static_cast<std::uint16_t>(i)), [] {});
    }
}

near_chunks::place& near_chunks::place_of(const part_key& part, std::uint32_t chunk) {
    return places_[(part.id.low + chunk) % places];
}

bool near_chunks::let_go(place& p) {
    if (p.held.users > 0) return false;
    if (p.held.lease) held_of_[p.held.lease.home_core().value()] -= near_charge;
    p.held.lease.give_back();
    return true;
}

void near_chunks::end(place& p) {
    let_go(p);
    p.came = {};
}

void near_chunks::sweep(void* self) {
    auto& here = *static_cast<near_chunks*>(self);
    time_point next = never;
    for (place& p : here.places_) {
        if (!p.held.lease) continue;
        const bool old = now() - p.came >= hold;
        if (old && here.let_go(p)) continue;
        // What is lent is looked at again, since nobody says when its last reader is done.
        next = std::min(next, (old ? now() : p.came) + hold);
    }
    if (next != never) here.sweep_.arm(next);
}

}  // namespace lode::engine
