// frontend/origin/backend_health.h
//
// Whether a backend is worth asking, by what became of the requests that were sent there.
//
//   up        asked like any other
//   down      not asked until its pause is over; each failure in a row makes the pause longer
//   on trial  its pause is over and one request is there to see; nobody else follows yet
//
//   Core        One; every core has its own opinion, formed by its own requests and by the checks.
//   Invariants  Only a complete answer to a trial, or a check after the pause, ends an outage; only a
//               complete answer makes the next pause short again.
//   Limits      Pauses from 1 s to 1 min, each shortened by up to a half at random, so that many nodes
//               do not come back in the same instant.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::frontend::origin {

class backend_health {
  public:
    static constexpr duration pause_min = std::chrono::seconds(1);
    static constexpr duration pause_max = std::chrono::minutes(1);
    // A trial that is never heard of again, because its client left, must not last for ever.
    static constexpr duration trial_max = std::chrono::seconds(30);

    [[nodiscard]] bool is_up() const { return up_; }

    // Whether a request could be sent there now.
    [[nodiscard]] bool welcomes(time_point now) const { return up_ || now >= until_; }

    // The request is sent: where the backend was out of service, it is the trial.
    void admit(time_point now);

    // A request was answered completely.
    void succeeded();

    // A request was refused, broken off or not answered in time. Failures during a pause, of requests
    // that were sent before it, are one failure. Returns whether the backend goes out of service now.
    bool failed(time_point now, random& chance);

    // What a check found, which is less than a request proves. Returns whether something changed.
    bool checked(bool well, time_point now, random& chance);

  private:
    bool up_ = true;
    bool on_trial_ = false;
    std::uint32_t failures_ = 0;  // in a row
    time_point until_{};          // the end of the pause, or of the trial
};

}  // namespace lode::frontend::origin
