// cluster/circuit_breaker.h
//
// Stops requests to a peer that cannot serve them, and finds out one by one when it can again.
// Closed: everything passes. Open: nothing does, for a time that doubles with each trip and is
// drawn at random from its upper half. Half-open: one request passes at a time, as a trial; if it
// is good, the breaker closes.
//
//   Core        One, with its random generator.
//   Invariants  While not closed, at most one trial is under way.
#pragma once

#include <cstdint>

#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::cluster {

class circuit_breaker {
  public:
    enum class position : std::uint8_t { closed, open, half_open };

    // 0: no trial, an ordinary request.
    using trial = std::uint32_t;

    // `chance` outlives the breaker.
    explicit circuit_breaker(random& chance) : chance_(&chance) {}

    [[nodiscard]] position at(time_point now) const;
    [[nodiscard]] bool may_pass(time_point now) const;

    // REQUIRES: may_pass(now). The outcome is told by good(), bad() or release().
    [[nodiscard]] trial pass(time_point now);

    // What became of a trial. Anything but the trial under way is passed over.
    void good(trial t, time_point now);
    void bad(trial t, time_point now);
    void release(trial t);  // nothing was learned, or not enough to close: the next may try

    // A request that was made at `asked` says that no more should be. If the breaker has been open
    // since, it says nothing new.
    void trip(time_point asked, time_point now);

  private:
    [[nodiscard]] bool is(trial t) const { return t != 0 && t == trial_; }
    void open(time_point now);

    random* chance_;
    bool closed_ = true;
    std::uint32_t level_ = 0;  // how often the time has doubled
    trial trial_ = 0;          // under way
    trial last_trial_ = 0;
    time_point trial_began_;
    time_point opens_until_;
    time_point closed_at_;
};

}  // namespace lode::cluster
