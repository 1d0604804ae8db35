// bench/load/arrivals.h
//
// When each request is due. In a closed loop a connection asks when it has its last answer, and a server
// that stalls is asked less while it does: its worst moments are hardly in the figures. A schedule goes on
// meanwhile; who measures from the time that a request was due sees what its sender had to wait ("coordinated
// omission", Gil Tene, "How NOT to Measure Latency", 2013).
//
//   Core        One: its share of the run's arrivals. Poisson processes add up to one of their summed rate.
//   Invariants  Times never go back. A constant schedule does not drift: the k-th time is a product.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/load/load_options.h"
#include "bench/load/popularity.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::bench {

class arrivals {
  public:
    // `rate`: requests a second of all cores together; not looked at in a closed loop.
    arrivals(arrival_law law, double rate, time_point begin, core_share share, random chance);

    [[nodiscard]] bool scheduled() const { return law_ != arrival_law::closed; }

    // When the next request of this core is due. Only where it is scheduled.
    [[nodiscard]] time_point take();

    // How many were due before `end` and have not been taken. Takes them.
    [[nodiscard]] std::uint64_t missed(time_point end);

  private:
    arrival_law law_;
    double rate_;
    time_point begin_;
    core_share share_;
    random chance_;
    std::uint64_t taken_ = 0;
    double seconds_ = 0;  // of the last Poisson arrival, since begin_
};

}  // namespace lode::bench
