#include "cluster/candidates.h"

#include <algorithm>

#include "cluster/mix.h"
#include "cluster/slot_sequence.h"

namespace lode::cluster {
namespace {

// Where nearly all slots are vacant, or nearly all belong to one member, draws may miss the others. These
// follow by the highest of numbers that part and name give (D. Thaler and C. Ravishankar, "Using
// Name-Based Mappings to Increase Hit Rates", 1998): each is as likely as any other, whatever its
// capacity, and again nothing moves between those that stay.
void add_by_rank(hash128 part, std::span<const slot_table::holder> holders, unsigned wanted,
                 candidates& found) {
    const std::uint64_t seed = mix(part);
    while (found.size() < wanted) {
        const slot_table::holder* best = nullptr;
        std::uint64_t best_rank = 0;
        for (const slot_table::holder& h : holders) {
            const std::uint64_t rank = mix(seed, h.key);
            if ((best != nullptr && rank <= best_rank) || found.contains(h.who)) continue;
            best = &h;
            best_rank = rank;
        }
        LODE_ASSERT(best != nullptr);
        found.add(best->who);
    }
}

}  // namespace

candidates candidates_of(hash128 part, const slot_table& table, unsigned wanted) {
    candidates found;
    const auto holders = static_cast<unsigned>(table.holders().size());
    wanted = std::min({wanted, candidates_max, holders});
    if (wanted == 0) return found;

    slot_sequence sequence(part, table.size());
    for (unsigned n = 0; n < slot_sequence::draws_max && found.size() < wanted; ++n) {
        const auto owner = table.owner(sequence.next());
        if (owner && !found.contains(*owner)) found.add(*owner);
    }
    add_by_rank(part, table.holders(), wanted, found);
    return found;
}

bool candidates::contains(member_index who) const { return std::ranges::find(*this, who) != end(); }

}  // namespace lode::cluster
