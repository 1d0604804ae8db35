#include "cluster/spread_memory.h"

#include <algorithm>

#include "cluster/candidates.h"

namespace lode::cluster {

spread_memory::spread_memory(std::size_t parts, duration lasting)
    : lasting_(lasting), parts_(parts) {}

void spread_memory::told(hash128 part, unsigned spread, time_point now) {
    if (spread <= 1) return parts_.erase(part);
    entry* known = parts_.find(part);
    if (known == nullptr) {
        known = &parts_.add(part, [](const entry& e) { return e.until; });
    }
    *known = {.until = now + lasting_, .spread = std::min(spread, candidates_max)};
}

unsigned spread_memory::spread_of(hash128 part, time_point now) const {
    const entry* known = parts_.find(part);
    return known != nullptr && now < known->until ? known->spread : 1;
}

}  // namespace lode::cluster
