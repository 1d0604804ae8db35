// tests/cluster/peer_world.h
//
// One peer that misbehaves as it is told, and one core that asks and probes it, in virtual time by
// steps of a millisecond. Keeps what the invariants and scenarios are checked against.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "cluster/peer_health.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::cluster {

// What the peer does with what reaches it.
enum class conduct : std::uint8_t {
    serves,
    refuses,       // the process is gone, the machine is not
    stays_silent,  // stopped, or the cable is cut in either direction
    loses_data,    // probes are answered, data requests never
    overloaded,    // answers 503
};

class peer_world {
  public:
    explicit peer_world(std::uint64_t seed, peer_health::options o = {});

    // Goes on for so long.
    void run(duration how_long);

    // Goes on until the peer is in this state, and returns how long that took; `limit` if it never
    // is.
    duration run_until(peer_state s, duration limit);

    [[nodiscard]] time_point now() const { return clock_.now(); }
    [[nodiscard]] bool asked_within(duration last) const { return now() - last_ask_ < last; }

    conduct peer = conduct::serves;
    duration latency = std::chrono::milliseconds(1);
    peer_says says = peer_says::up;
    std::uint32_t requests_per_second = 0;  // that somebody wants to make, at most 1,000

    struct tally {
        std::uint32_t asked = 0;
        std::uint32_t answered = 0;
        std::uint32_t refused = 0;  // with 503
        std::uint32_t failed = 0;
        std::uint32_t passed_over = 0;  // may_ask() said no
        std::uint32_t probes = 0;
        duration longest_wait{};  // for a request that failed
    };
    tally seen;
    std::vector<std::pair<time_point, peer_state>> changes;

  private:
    struct request {
        peer_health::question question;
        time_point answer_at;
        time_point deadline;
    };

    void step();
    void make_requests();
    void end_requests();
    bool ends(request& r);
    void probe();
    void end_probe();
    void check_invariants();

    simulated_clock clock_;
    random chance_;

  public:
    peer_health health;

  private:
    std::vector<request> requests_;
    std::uint32_t owed_ = 0;  // requests not yet made, in thousandths
    bool probing_ = false;
    time_point probe_sent_;
    time_point last_ask_;
    peer_state before_ = peer_state::joining;
};

}  // namespace lode::cluster
