// cluster/slot_sequence.h
//
// In which order a part asks the slots of a table: a row of draws, in each of which all slots are
// equally likely. The first is jump_hash. What a table with one slot more draws is the same row with
// the new slot put in here and there, and nothing else changed. Slots that are passed over change the
// row no more than that. So a part leaves a slot only when that becomes vacant, and goes to another
// only when that becomes occupied, be it in the middle or at the end of the table.
//
//   Memory  Half a KiB, on the stack.
//   Limits  draws_max draws.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/hash.h"

namespace lode::cluster {

class slot_sequence {
  public:
    static constexpr unsigned draws_max = 32;

    // `slots` is at least 1.
    slot_sequence(hash128 part, std::uint32_t slots);

    // A number below `slots`. Draw number t takes O(t * ln slots) steps.
    std::uint32_t next();

  private:
    // Slots that were asked equally often.
    struct stretch {
        std::uint32_t first;
        std::uint32_t end;
        std::uint32_t asked;
    };

    std::uint64_t seed_;
    unsigned count_ = 1;
    std::array<stretch, draws_max + 1> stretches_;  // the last slots come first
};

}  // namespace lode::cluster
