#include "engine/store/chunk_lease.h"

#include "engine/base/assert.h"
#include "engine/runtime/remote.h"
#include "engine/store/home.h"

namespace lode::engine {

chunk_lease::chunk_lease(lent_chunk& from)
    : owner_(from.lease.owner_),
      lender_(&from),
      data_(from.lease.data_),
      frame_(from.lease.frame_),
      core_(from.lease.core_),
      source_(from.lease.source_) {
    LODE_ASSERT(from.lease && from.lease.lender_ == nullptr);
    ++from.users;
}

void chunk_lease::give_back() {
    home* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    if (lender_ != nullptr) {
        LODE_ASSERT(lender_->users > 0);
        --std::exchange(lender_, nullptr)->users;
        return;
    }
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
