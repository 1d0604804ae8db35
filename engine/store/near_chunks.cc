#include "engine/store/near_chunks.h"

#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {

near_chunks::near_chunks(bytes most) : most_(most), sweep_(&sweep, this) {}

near_chunks::~near_chunks() {
    for (const place& p : places_) LODE_ASSERT(!p.held.lease);
}

std::optional<chunk_lease> near_chunks::borrow(const part_key& part, std::uint32_t chunk) {
    place& p = place_of(part, chunk);
    const bool good = p.held.lease && p.chunk == chunk && p.part == part && now() - p.came < hold;
    if (!good) return std::nullopt;
    return chunk_lease(p.held);
}

chunk_lease near_chunks::arrived(const part_key& part, std::uint32_t chunk, chunk_lease lease) {
    const bool whole = lease.source() == chunk_source::memory &&
                       bytes(lease.data().size()) == chunk_length(part.length, chunk);
    place& p = place_of(part, chunk);
    if (!whole || p.held.users > 0) return lease;
    const time_point before = std::exchange(p.came, now());
    const bool again = p.chunk == chunk && p.part == part && p.came - before < 2 * hold;
    let_go(p);
    p.part = part;
    p.chunk = chunk;
    const bytes size(lease.data().size());
    if (!again || held_bytes_ + size > most_) return lease;
    held_bytes_ += size;
    p.held.lease = std::move(lease);
    if (!sweep_.armed()) sweep_.arm(p.came + hold);
    return chunk_lease(p.held);
}

void near_chunks::forget(const part_key& part) {
    for (place& p : places_) {
        if (p.part == part && !let_go(p)) p.came = {};
    }
}

task<void> near_chunks::empty(std::size_t cores) {
    for (place& p : places_) {
        if (!let_go(p)) p.came = {};
    }
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
    if (p.held.lease) held_bytes_ -= bytes(p.held.lease.data().size());
    p.held.lease.give_back();
    return true;
}

void near_chunks::sweep(void* self) {
    auto& here = *static_cast<near_chunks*>(self);
    bool any = false;
    for (place& p : here.places_) {
        const bool old = now() - p.came >= hold;
        if (old && p.held.lease) here.let_go(p);
        any |= static_cast<bool>(p.held.lease);
    }
    if (any) here.sweep_.arm(now() + hold);
}

}  // namespace lode::engine
