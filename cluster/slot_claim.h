// cluster/slot_claim.h
//
// Which slots of its zone a member should claim: as many as its capacity asks for, and of these all
// that it had before, so that what it holds stays where it is looked for. Newcomers take vacant slots
// before they append to the table, and so take over from a member that has gone. Pure.
//
//   Limits  A member has at least one slot and at most slots_per_member_max; when the zone has none left,
//           it gets fewer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/member.h"
#include "engine/base/units.h"

namespace lode::cluster {

inline constexpr bytes default_slot_unit{64ULL << 30U};

// `capacity` in slots, rounded; 1 for less than one, as for a node that has nothing but memory, and never
// more than a member may have.
[[nodiscard]] std::uint32_t slots_for(bytes capacity, bytes slot_unit);

// What `self` should claim, given the claims of the others. It keeps what it claims already, but for
// slots that a smaller name claims too, and gives up the last ones when it has too many. Whoever has
// too few, be it self or another, is served in the order of names: so members that join at the same
// time and see each other claim different slots at once.
[[nodiscard]] std::vector<slot_range> claim_slots(const member& self,
                                                  std::span<const member> others, bytes slot_unit);

// A line of a list of members that is the same on every node.
struct listed_member {
    std::string_view zone;
    std::optional<bytes> capacity;  // 0: nobody, but the line keeps its place
};

// What each line claims: the slots that follow those of the line before it in its zone. A line without a
// capacity, or with 0, takes as many slots as most lines of its zone that tell theirs; 1 if none does.
// One with 0 leaves them vacant. So a line may be given to another node, or to nobody, and the lines
// behind it stay where they are, as long as most nodes are of one size.
[[nodiscard]] std::vector<std::vector<slot_range>> claims_of_list(
    std::span<const listed_member> lines, bytes slot_unit);

}  // namespace lode::cluster
