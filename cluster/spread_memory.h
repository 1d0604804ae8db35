// cluster/spread_memory.h
//
// What a reader was told of hot parts: over how many candidates to spread. It forgets after a while, so
// that a part which has cooled down is asked of its owner alone.
//
//   Core    One.
//   Memory  24 bytes per part, at start.
//   Limits  In a full set the part that would be forgotten first makes room.
#pragma once

#include <cstddef>

#include "cluster/part_map.h"
#include "engine/base/clock.h"

namespace lode::cluster {

class spread_memory {
  public:
    // `lasting` is how long it believes what it was told.
    explicit spread_memory(std::size_t parts = 4096, duration lasting = std::chrono::seconds(5));

    // A candidate answered with `spread`; what comes from outside is brought into 1 to candidates_max.
    void told(hash128 part, unsigned spread, time_point now);

    // 1 when nothing is known.
    [[nodiscard]] unsigned spread_of(hash128 part, time_point now) const;

  private:
    struct entry {
        time_point until;
        unsigned spread = 1;
    };

    duration lasting_;
    part_map<entry> parts_;
};

}  // namespace lode::cluster
