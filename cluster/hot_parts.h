// cluster/hot_parts.h
//
// How often parts are asked for here, and over how many candidates the readers of each should spread: 1
// as long as one node can bear it, then 2, 4, ... A reader tells over how many it spreads already, and
// stands for as many readers: so each candidate knows the rate of all of them from its own share, and the
// spread does not fall again because it helped.
//
//   Core    One.
//   Memory  48 bytes per part of options.parts, at start.
//   Limits  When more parts are asked for than fit, the coldest are forgotten.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cluster/candidates.h"
#include "cluster/part_map.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::cluster {

struct hot_parts_options {
    std::size_t parts = 4096;  // that are measured at one time
    // What one node is expected to serve of one part. A small fraction of what it can serve in all, as
    // it has other parts too.
    double requests_per_second = 200;
    bytes bytes_per_second{256ULL << 20U};
    unsigned spread_max = candidates_max;
    duration window = std::chrono::seconds(2);  // what is older counts for little
};

class hot_parts {
  public:
    explicit hot_parts(const hot_parts_options& options);

    // A reader that spreads over `spread` candidates asked for so much of a part.
    void asked(hash128 part, bytes amount, unsigned spread, time_point now);

    // Over how many candidates its readers should spread from now on: a power of two or spread_max.
    [[nodiscard]] unsigned spread_of(hash128 part, time_point now) const;

  private:
    // Sums that decay: divided by the window, they are rates.
    struct measure {
        double requests = 0;
        double amount = 0;
        time_point at;
        unsigned spread = 1;
    };

    [[nodiscard]] double kept(duration age) const;
    [[nodiscard]] double load(const measure& of, time_point now) const;
    [[nodiscard]] unsigned settled(unsigned spread, double load) const;
    measure& find_or_add(hash128 part, unsigned spread, time_point now);

    hot_parts_options options_;
    part_map<measure> parts_;
};

}  // namespace lode::cluster
