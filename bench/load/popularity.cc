#include "bench/load/popularity.h"

#include "bench/load/content.h"
#include "engine/base/assert.h"

namespace lode::bench {

popularity::popularity(const options& o)
    : options_(o),
      chance_(mixed(o.seed) + o.share.index),
      ranks_(o.count, o.zipf_exponent),
      place_(o.share.index),
      order_(o.count, o.seed) {
    LODE_ASSERT(o.count > 0 && o.share.index < o.share.of);
}

std::uint64_t popularity::next() {
    switch (options_.law) {
        case popularity_law::uniform: return chance_.below(options_.count);
        case popularity_law::zipf: return ranks_.draw(chance_) - 1;
        case popularity_law::epoch: return next_of_epoch();
    }
    return 0;
}

std::uint64_t popularity::next_of_epoch() {
    // With more cores than numbers a core may have to skip whole epochs.
    while (place_ >= options_.count) {
        place_ -= options_.count;
        order_ = permutation(options_.count, options_.seed + ++epoch_);
    }
    const std::uint64_t chosen = order_.at(place_);
    place_ += options_.share.of;
    return chosen;
}

}  // namespace lode::bench
