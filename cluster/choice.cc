#include "cluster/choice.h"

#include <algorithm>

namespace lode::cluster {
namespace {

std::optional<member_index> choose_standing(std::span<const offer> in_order, standing stands,
                                            unsigned spread, random& random) {
    std::array<const offer*, candidates_max> usable;
    unsigned count = 0;
    const unsigned most = std::clamp(spread, 1U, candidates_max);
    for (const offer& o : in_order) {
        if (o.stands == stands && count < most) usable[count++] = &o;
    }
    if (count == 0) return std::nullopt;
    if (count == 1) return usable[0]->who;

    // Two different ones; drawn in either order, so that equal loads mean equal shares.
    const std::uint64_t first = random.below(count);
    const std::uint64_t second = (first + 1 + random.below(count - 1)) % count;
    const offer& a = *usable[first];
    const offer& b = *usable[second];
    return b.load < a.load ? b.who : a.who;
}

}  // namespace

std::optional<member_index> choose(std::span<const offer> in_order, unsigned spread,
                                   random& random) {
    const auto chosen = choose_standing(in_order, standing::ask, spread, random);
    return chosen ? chosen : choose_standing(in_order, standing::ask_last, spread, random);
}

}  // namespace lode::cluster
