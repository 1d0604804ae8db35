#include "engine/store/eviction.h"

#include "engine/base/assert.h"

namespace lode::engine {

void lru::admit(part_ref ref) {
    part& p = parts_.at(ref);
    LODE_ASSERT(p.colder == no_part && p.warmer == no_part && ref != coldest_);
    p.colder = warmest_;
    if (warmest_ == no_part) {
        coldest_ = ref;
    } else {
        parts_.at(warmest_).warmer = ref;
    }
    warmest_ = ref;
}

void lru::used(part_ref ref) {
    if (ref == warmest_) return;
    remove(ref);
    admit(ref);
}

void lru::remove(part_ref ref) {
    part& p = parts_.at(ref);
    if (p.colder == no_part) {
        LODE_ASSERT(coldest_ == ref);
        coldest_ = p.warmer;
    } else {
        parts_.at(p.colder).warmer = p.warmer;
    }
    if (p.warmer == no_part) {
        LODE_ASSERT(warmest_ == ref);
        warmest_ = p.colder;
    } else {
        parts_.at(p.warmer).colder = p.colder;
    }
    p.colder = p.warmer = no_part;
}

}  // namespace lode::engine
