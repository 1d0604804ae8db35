#include "cluster/hot_parts.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

using seconds = std::chrono::duration<double>;

// A spread is taken back only when the half of it could bear clearly more than there is: a rate that
// stays near a border would else move readers to and fro.
constexpr double taken_back_below = 0.75;

}  // namespace

hot_parts::hot_parts(const hot_parts_options& options) : options_(options), parts_(options.parts) {
    LODE_ASSERT(options.requests_per_second > 0);
    LODE_ASSERT(options.bytes_per_second > bytes(0));
    LODE_ASSERT(options.window > duration::zero());
    options_.spread_max = std::clamp(options.spread_max, 1U, candidates_max);
}

void hot_parts::asked(hash128 part, bytes amount, unsigned spread, time_point now) {
    spread = std::bit_ceil(std::clamp(spread, 1U, candidates_max));
    spread = std::min(spread, options_.spread_max);
    measure& of = find_or_add(part, spread, now);
    const double left = kept(now - of.at);
    of.requests = of.requests * left + spread;
    of.amount = of.amount * left + static_cast<double>(amount.count()) * spread;
    of.at = std::max(of.at, now);
    of.spread = settled(of.spread, load(of, now));
}

unsigned hot_parts::spread_of(hash128 part, time_point now) const {
    const measure* of = parts_.find(part);
    return of == nullptr ? 1 : settled(of->spread, load(*of, now));
}

double hot_parts::kept(duration age) const {
    return std::exp(-std::max(0.0, seconds(age) / seconds(options_.window)));
}

// How many nodes it takes to bear what is asked for.
double hot_parts::load(const measure& of, time_point now) const {
    const double per_second = kept(now - of.at) / seconds(options_.window).count();
    return std::max(
        of.requests * per_second / options_.requests_per_second,
        of.amount * per_second / static_cast<double>(options_.bytes_per_second.count()));
}

unsigned hot_parts::settled(unsigned spread, double load) const {
    while (spread < options_.spread_max && load > spread) {
        spread = std::min(spread * 2, options_.spread_max);
    }
    for (;;) {
        const unsigned lower = std::bit_ceil(spread) / 2;
        if (lower == 0 || load >= lower * taken_back_below) return spread;
        spread = lower;
    }
}

hot_parts::measure& hot_parts::find_or_add(hash128 part, unsigned spread, time_point now) {
    if (measure* known = parts_.find(part)) return *known;
    measure& fresh = parts_.add(part, [&](const measure& m) { return load(m, now); });
    fresh.at = now;
    // A candidate that readers have just begun to spread to believes them until it has measured for
    // itself: a first answer of 1 would send them back.
    if (spread > 1) {
        fresh.requests = taken_back_below * spread * options_.requests_per_second *
                         seconds(options_.window).count();
    }
    return fresh;
}

}  // namespace lode::cluster
