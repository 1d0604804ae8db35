#include "cluster/slot_sequence.h"

#include "cluster/jump_hash.h"
#include "cluster/mix.h"
#include "engine/base/assert.h"

namespace lode::cluster {

// jump_hash(key, n) can be read so: the slots are asked from the last one downwards, and slot m says
// yes with a chance of 1 in m + 1; slot 0 always does. Which answers a slot gives depends on the key
// alone, never on n. Another draw asks again from the last slot downwards, and each slot gives its next
// answer: the first from key 0, the second from key 1, and so on. A slot below those that said yes so
// far has not been asked yet, and its first answer is still due. A stretch holds slots that were asked
// equally often, so the answers of all its slots come from one key.
//
// New slots at the end are asked before all others; where they say no, the others see no difference.

slot_sequence::slot_sequence(hash128 part, std::uint32_t slots) : seed_(mix(part)) {
    LODE_ASSERT(slots > 0);
    stretches_[0] = {.first = 0, .end = slots, .asked = 0};
}

std::uint32_t slot_sequence::next() {
    LODE_ASSERT(count_ <= draws_max);
    for (unsigned n = 0;; ++n) {
        LODE_ASSERT(n < count_);
        stretch& here = stretches_[n];
        const std::uint32_t slot = jump_hash(mix(seed_, here.asked), here.end);
        const std::uint32_t first = here.first;
        const std::uint32_t asked = here.asked++;
        if (slot < first) continue;  // every slot of the stretch said no

        here.first = slot;
        if (first < slot) {
            for (unsigned k = count_++; k > n + 1; --k) stretches_[k] = stretches_[k - 1];
            stretches_[n + 1] = {.first = first, .end = slot, .asked = asked};
        }
        return slot;
    }
}

}  // namespace lode::cluster
