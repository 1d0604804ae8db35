#include "engine/store/chunk_lease.h"

#include "engine/base/assert.h"
#include "engine/runtime/remote.h"
#include "engine/store/home.h"

namespace lode::engine {

void chunk_lease::give_back() {
    home* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    post_to(core_, {.run = &home::lease_ended, .object = owner, .argument = frame_.value()});
}

chunk_lease chunk_claim::publish() {
    home* owner = std::exchange(owner_, nullptr);
    LODE_ASSERT(owner != nullptr);
    post_to(core_, {.run = &home::claim_published, .object = owner, .argument = frame_.value()});
    return {*owner, core_, frame_, memory_, chunk_source::filling};
}

void chunk_claim::abandon() {
    home* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    post_to(core_, {.run = &home::claim_abandoned, .object = owner, .argument = frame_.value()});
}

}  // namespace lode::engine
