// frontend/findings.h
//
// How much of the wanted bytes was here when they were asked for, and the cache word that follows from it.
#pragma once

#include <algorithm>
#include <utility>

#include "engine/store/part_store.h"
#include "frontend/http/cache_word.h"

namespace lode::frontend {

[[nodiscard]] constexpr cache_detail detail_of(engine::chunk_source s) {
    switch (s) {
        case engine::chunk_source::memory: return cache_detail::memory;
        case engine::chunk_source::disk: return cache_detail::disk;
        case engine::chunk_source::filling: return cache_detail::filling;
    }
    std::unreachable();
}

struct findings {
    bool filled_for_us = false;
    cache_detail slowest = cache_detail::memory;

    void saw(cache_detail d) { slowest = std::max(slowest, d); }
    void saw(const engine::presence& p) {
        if (p.disk > 0) saw(cache_detail::disk);
        if (p.filling > 0) saw(cache_detail::filling);
        if (p.absent > 0) filled_for_us = true;
    }
    // What another node found.
    void saw(cache_word word, cache_detail d) {
        saw(d);
        if (word == cache_word::miss) filled_for_us = true;
    }

    // The tier says something about a hit; a miss came from the origin whatever held it meanwhile.
    [[nodiscard]] cache_detail detail() const {
        return filled_for_us ? cache_detail::none : slowest;
    }
    [[nodiscard]] cache_word word() const {
        if (filled_for_us) return cache_word::miss;
        return slowest == cache_detail::filling ? cache_word::filling : cache_word::hit;
    }
};

}  // namespace lode::frontend
