// cluster/peer_health.h
//
// What one core thinks of one peer: whether it may be asked, for how long to wait for it, and when
// to look after it. Pure: it is told what happened and when, and draws its jitter from a seed.
//
//   Core        One. Cores tell each other the state (news(), told()); each has its own breaker and
//               its own idea of the peer's latency.
//   Memory      432 bytes, nothing later.
//   Invariants  A peer that is joining or down is not asked for data, only probed. Of a suspect,
//               one thing is asked at a time. There is one probe under way at most.
//   Limits      health_rules.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cluster/circuit_breaker.h"
#include "cluster/health_rules.h"
#include "cluster/latency_window.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"

namespace lode::cluster {

enum class peer_state : std::uint8_t {
    joining,   // not yet heard of
    up,        // asked
    suspect,   // asked one thing at a time; probed often
    down,      // not asked; probed ever more rarely
    draining,  // asked, but after all others: it leaves soon
};
[[nodiscard]] std::string_view name_of(peer_state s);

enum class peer_failure : std::uint8_t {
    unreachable,  // no connection, or no session on it
    late,         // no first byte within the deadline
    broken,       // the connection ended, or the peer broke the protocol
};

// What a peer says of itself.
enum class peer_says : std::uint8_t { up, draining };

class peer_health {
  public:
    // One core of a node keeps watch over a peer. The others probe it only when it keeps them
    // waiting, and leave it to the watch to find out when a suspect is well again.
    enum class duty : std::uint8_t { watch, guest };

    struct options {
        duty role = duty::watch;
        duration idle_interval = health_rules::probe_idle;  // health_rules::idle_interval(peers)
    };

    // A request under way. Whoever asked tells how it ended: answered, overloaded, failed,
    // dropped or excused.
    struct question {
        time_point asked;
        circuit_breaker::trial trial = 0;
        bool open = true;
    };

    // `chance` outlives this. A peer begins as joining.
    peer_health(options o, random& chance, time_point now);

    [[nodiscard]] peer_state state() const { return state_; }
    [[nodiscard]] time_point since() const { return since_; }  // when it came into its state
    [[nodiscard]] time_point heard() const { return heard_; }  // the last sign of life

    // From now on this core looks after the peer, whoever else does.
    void keep_watch() { options_.role = duty::watch; }

    // The state, if it changed by what this core saw since the last call. The other cores are told.
    [[nodiscard]] std::optional<peer_state> news();
    void told(peer_state s, time_point now);

    // -- Requests.

    [[nodiscard]] bool may_ask(time_point now) const;

    // REQUIRES: may_ask(now).
    [[nodiscard]] question ask(time_point now);

    // The first byte of an answer came. It is the peer's own sign of life that is timed: one that
    // has to fetch the bytes from elsewhere says so at once, so that a slow origin does not look
    // like a dead peer.
    void answered(question& q, time_point now);

    // More bytes of an answer came.
    void heard_from(time_point now) { heard_ = now; }

    // The peer refused because it has too much to do.
    void overloaded(question& q, time_point now);

    // Also after answered(), when the answer breaks off.
    void failed(question& q, time_point now, peer_failure f);

    // We gave up for reasons of our own: the client left, or another peer was faster.
    void dropped(question& q, time_point now);

    // It ended in a way that says nothing of how fast the peer is, because it had to ask elsewhere before
    // it could answer.
    void excused(question& q);

    // How long the first byte may take.
    [[nodiscard]] duration deadline(time_point now) const;

    // After which time a second peer may be asked too; nothing while too little is known.
    [[nodiscard]] std::optional<duration> hedge_after(time_point now) const;

    // -- Probes. Each is answered or failed within health_rules::probe_wait.

    // When the next one is due; `never` while one is under way or where it is not this core's duty.
    [[nodiscard]] time_point next_probe() const;
    void probe_sent(time_point now);
    void probe_answered(time_point now, peer_says says);
    void probe_failed(time_point now);

    // Something was heard of it, or it missed its first chance.
    [[nodiscard]] bool had_a_chance() const { return state_ != peer_state::joining || missed_ > 0; }

    // There is reason to wonder, such as a connection that the peer closed: look soon.
    void doubt() { doubtful_ = true; }

  private:
    [[nodiscard]] bool in_service() const {
        return state_ == peer_state::up || state_ == peer_state::draining;
    }
    void settle(question& q);
    void widen(const question& q, time_point now);
    void suspect(time_point now);
    void become(peer_state s, time_point now);
    [[nodiscard]] duration shortened(duration interval) const;
    [[nodiscard]] time_point next_look_at_living() const;

    options options_;
    random* chance_;
    circuit_breaker breaker_;
    latency_window latencies_;

    peer_state state_ = peer_state::joining;
    bool news_ = false;
    bool probing_ = false;
    bool doubtful_ = false;
    std::uint32_t waiting_ = 0;   // questions without an answer
    std::uint32_t failures_ = 0;  // in a row
    std::uint32_t good_ = 0;      // probes in a row
    std::uint32_t missed_ = 0;    // probes in a row
    std::uint32_t strikes_ = 0;   // suspicions that are not forgotten
    std::uint32_t widened_ = 0;   // how often the deadline was doubled
    std::int64_t jitter_ = 0;     // what the interval after the last probe loses, in 1/1024

    time_point since_;
    time_point heard_;
    time_point waiting_since_;  // when waiting_ last left zero
    time_point widened_at_;
    time_point probe_sent_;
    time_point well_since_;  // when it last came into service
};

}  // namespace lode::cluster
