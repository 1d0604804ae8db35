// cluster/health_rules.h
//
// The numbers by which peers are judged, each with its why. They follow from two promises: a peer
// that fell silent is suspected in less than a second, and no request waits longer than a second
// for one that may be dead.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/clock.h"

namespace lode::cluster::health_rules {

// -- Probes.

// How long a probe's answer may take. Long enough for one retransmission (the kernel's shortest is
// 200 ms), and together with probe_idle still less than the second that was promised.
inline constexpr duration probe_wait = std::chrono::milliseconds(400);

// Between probes of a peer that is in doubt: quick to clear a suspicion, and no burden, for few
// are.
inline constexpr duration probe_doubtful = std::chrono::milliseconds(250);

// Between probes of a peer that nobody talks to.
inline constexpr duration probe_idle = std::chrono::milliseconds(500);

// Between probes of a peer whose answers prove that it lives. They only carry what it says of
// itself, and a drain may take this long to be noticed.
inline constexpr duration probe_proven = std::chrono::seconds(5);

// A dead peer is asked ever more rarely: seldom enough to cost nothing, often enough that a node
// which restarted is not left idle for long.
inline constexpr duration probe_down_first = std::chrono::milliseconds(500);
inline constexpr duration probe_down_max = std::chrono::seconds(4);

// Intervals are shortened by up to this share, never lengthened, so that nodes which started
// together do not probe together and the promises hold all the same.
inline constexpr std::int64_t probe_jitter_divisor = 8;

// What a node sends of such probes: little enough to go unnoticed beside the data.
inline constexpr std::size_t idle_probes_per_second_max = 1'000;

// In a large cluster idle peers are probed more rarely. One that is talked to is watched by the
// traffic.
[[nodiscard]] constexpr duration idle_interval(std::size_t peers) {
    return std::max(probe_idle, std::chrono::duration_cast<duration>(std::chrono::seconds(1)) *
                                    static_cast<std::int64_t>(peers) /
                                    static_cast<std::int64_t>(idle_probes_per_second_max));
}

// -- Suspicion, death and return.

// One failure may be a connection that the peer closed while we wrote to it. A second one is no
// accident.
inline constexpr std::uint32_t failures_to_suspect = 2;

// Counted in probes and not on the clock, so that a node that was itself asleep for an hour does
// not bury its peers. 2 s where connections are refused, 3.2 s where nothing answers.
inline constexpr std::uint32_t missed_probes_to_down = 8;

// A peer returns after 2, 4, 8, 16 good probes in a row: twice as many after each relapse, and 4 s
// at most.
inline constexpr std::uint32_t strikes_max = 4;
[[nodiscard]] constexpr std::uint32_t probes_to_return(std::uint32_t strikes) {
    return 1U << std::min(strikes, strikes_max);
}

// One strike is forgotten for each such time without a new one.
inline constexpr duration strike_forgotten = std::chrono::seconds(30);

// -- Circuit breaker.

// Short enough that a passing overload costs little; doubled by each further trip.
inline constexpr duration open_first = std::chrono::milliseconds(100);
inline constexpr duration open_max = std::chrono::milliseconds(3'200);

// A breaker that stayed closed for so long begins with open_first again.
inline constexpr duration open_forgotten = std::chrono::seconds(10);

// A trial of which nobody tells the outcome does not block the next one for ever.
inline constexpr duration trial_max = std::chrono::seconds(2);

// -- Patience.

// A healthy peer's slowest answers are a few times its p99: a device that cleans up, a burst on the
// wire.
inline constexpr std::int64_t deadline_multiple = 4;

// Less than this is within a scheduler's hiccup.
inline constexpr duration deadline_min = std::chrono::milliseconds(50);

// What the client may lose to a peer that is dead.
inline constexpr duration deadline_max = std::chrono::seconds(1);

// With fewer answers than this nothing is known, and the patience is deadline_max.
inline constexpr std::uint32_t deadline_samples = 16;

// Below a hundred answers the p99 is their maximum, and says little.
inline constexpr std::uint32_t hedge_samples = 100;

// Faster than this, a second request costs more than it can save.
inline constexpr duration hedge_min = std::chrono::milliseconds(2);

inline constexpr double tail = 0.99;

// -- Hedging.

// A hedge is paid for by this many first requests: 5 %. More would turn a slow moment into an
// overload.
inline constexpr std::uint32_t firsts_per_hedge = 20;

// Hedges that may be saved up: one slow moment of a peer touches a few requests at once.
inline constexpr std::uint32_t hedge_burst = 8;

// -- Load.

// What a peer said of its load halves in weight so quickly: transfers of a chunk take milliseconds.
inline constexpr duration load_half_life = std::chrono::milliseconds(500);

}  // namespace lode::cluster::health_rules
