#include "cluster/peer_health.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace lode::cluster {

using namespace health_rules;

namespace {

constexpr std::int64_t jitter_whole = 1024;

peer_state state_of(peer_says says) {
    return says == peer_says::draining ? peer_state::draining : peer_state::up;
}

}  // namespace

std::string_view name_of(peer_state s) {
    switch (s) {
        case peer_state::joining: return "joining";
        case peer_state::up: return "up";
        case peer_state::suspect: return "suspect";
        case peer_state::down: return "down";
        case peer_state::draining: return "draining";
    }
    return "unknown";
}

peer_health::peer_health(options o, random& chance, time_point now)
    : options_(o), chance_(&chance), breaker_(chance), since_(now), heard_(now), well_since_(now) {
    // As if a probe had been sent within the last interval: a node that starts does not greet all
    // at once.
    const auto past = chance.below(static_cast<std::uint64_t>(probe_doubtful.count()));
    probe_sent_ = now - duration(static_cast<std::int64_t>(past));
}

std::optional<peer_state> peer_health::news() {
    if (!news_) return std::nullopt;
    news_ = false;
    return state_;
}

void peer_health::told(peer_state s, time_point now) {
    switch (s) {
        case peer_state::joining: return;
        case peer_state::up:
        case peer_state::draining: heard_ = now; break;
        case peer_state::suspect:
            // Somebody else's request failed, and so good probes begin anew.
            good_ = 0;
            if (state_ == peer_state::suspect || state_ == peer_state::down) return;
            suspect(now);
            break;
        case peer_state::down: break;
    }
    become(s, now);
    news_ = false;
}

bool peer_health::may_ask(time_point now) const {
    return (in_service() || state_ == peer_state::suspect) && breaker_.may_pass(now);
}

peer_health::question peer_health::ask(time_point now) {
    LODE_ASSERT(may_ask(now));
    if (waiting_++ == 0) waiting_since_ = now;
    return {now, breaker_.pass(now), true};
}

void peer_health::answered(question& q, time_point now) {
    settle(q);
    heard_ = now;
    latencies_.record(now, now - q.asked);
    failures_ = 0;
    widened_ = 0;
    // A suspect's answer lets the next question pass, and only that one.
    if (state_ == peer_state::suspect) {
        breaker_.release(q.trial);
    } else {
        breaker_.good(q.trial, now);
    }
}

void peer_health::overloaded(question& q, time_point now) {
    settle(q);
    heard_ = now;
    failures_ = 0;
    breaker_.bad(q.trial, now);
    breaker_.trip(q.asked, now);
}

void peer_health::failed(question& q, time_point now, peer_failure f) {
    const bool unanswered = q.open;
    settle(q);
    if (unanswered && f == peer_failure::late) widen(q, now);
    breaker_.bad(q.trial, now);
    // What was asked before the peer came into its state is no news of it.
    if (q.asked < since_) return;
    if (state_ == peer_state::suspect) good_ = 0;
    if (!in_service()) return;

    ++failures_;
    doubt();
    if (f == peer_failure::unreachable || failures_ >= failures_to_suspect) suspect(now);
}

void peer_health::dropped(question& q, time_point now) {
    const bool unanswered = q.open;
    settle(q);
    breaker_.release(q.trial);
    // Those who lost against a hedge were the slow ones. Left out, they would make the peer look
    // ever faster.
    const duration waited = now - q.asked;
    if (unanswered && waited > latencies_.quantile(now, tail)) latencies_.record(now, waited);
}

void peer_health::excused(question& q) {
    settle(q);
    breaker_.release(q.trial);
}

duration peer_health::deadline(time_point now) const {
    if (latencies_.samples(now) < deadline_samples) return deadline_max;
    const duration patience =
        std::max(latencies_.quantile(now, tail) * deadline_multiple, deadline_min);
    return std::min(patience * (1 << widened_), deadline_max);
}

std::optional<duration> peer_health::hedge_after(time_point now) const {
    if (latencies_.samples(now) < hedge_samples) return std::nullopt;
    const duration after = std::max(latencies_.quantile(now, tail), hedge_min);
    if (after >= deadline(now)) return std::nullopt;
    return after;
}

time_point peer_health::next_probe() const {
    if (probing_) return never;
    if (in_service()) return next_look_at_living();
    if (options_.role == duty::guest) return never;
    if (state_ != peer_state::down || good_ > 0) return probe_sent_ + shortened(probe_doubtful);
    const duration interval = probe_down_first * (1 << std::min(missed_, 8U));
    return probe_sent_ + shortened(std::min(interval, probe_down_max));
}

void peer_health::probe_sent(time_point now) {
    LODE_ASSERT(!probing_);
    probing_ = true;
    doubtful_ = false;
    probe_sent_ = now;
    jitter_ = static_cast<std::int64_t>(
        chance_->below(static_cast<std::uint64_t>(jitter_whole / probe_jitter_divisor)));
}

void peer_health::probe_answered(time_point now, peer_says says) {
    LODE_ASSERT(probing_);
    probing_ = false;
    heard_ = now;
    missed_ = 0;
    ++good_;
    const bool returns = state_ == peer_state::suspect || state_ == peer_state::down;
    if (returns && (options_.role == duty::guest || good_ < probes_to_return(strikes_))) return;
    become(state_of(says), now);
}

void peer_health::probe_failed(time_point now) {
    LODE_ASSERT(probing_);
    probing_ = false;
    good_ = 0;
    ++missed_;
    if (in_service()) {
        // While an answer arrives, a probe that got lost proves nothing.
        if (heard_ > probe_sent_) {
            doubt();
        } else {
            suspect(now);
        }
    } else if (state_ != peer_state::down && missed_ >= missed_probes_to_down) {
        become(peer_state::down, now);
    }
}

// The question has had its answer, or never will.
void peer_health::settle(question& q) {
    if (!q.open) return;
    LODE_ASSERT(waiting_ > 0);
    --waiting_;
    q.open = false;
}

// Requests that are cut off at the deadline would never teach a longer one. So the time they waited
// counts as their latency, and the next ones wait twice as long, as TCP does it; but those that
// were asked together widen it once.
void peer_health::widen(const question& q, time_point now) {
    latencies_.record(now, now - q.asked);
    if (q.asked < widened_at_) return;
    widened_ = std::min(widened_ + 1, 5U);
    widened_at_ = now;
}

void peer_health::suspect(time_point now) {
    if (in_service()) {
        const auto forgotten = static_cast<std::uint64_t>((now - well_since_) / strike_forgotten);
        strikes_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(strikes_, forgotten));
    }
    strikes_ = std::min(strikes_ + 1, strikes_max);
    breaker_.trip(now, now);
    become(peer_state::suspect, now);
}

void peer_health::become(peer_state s, time_point now) {
    if (s == state_) return;
    const bool was_in_service = in_service();
    state_ = s;
    since_ = now;
    news_ = true;
    if (in_service() && !was_in_service) well_since_ = now;
    failures_ = good_ = missed_ = 0;
}

duration peer_health::shortened(duration interval) const {
    return interval - interval * jitter_ / jitter_whole;
}

time_point peer_health::next_look_at_living() const {
    const time_point soon = probe_sent_ + shortened(probe_doubtful);
    time_point due = never;
    if (options_.role == duty::watch) {
        const duration proven = std::max(probe_proven, options_.idle_interval);
        due = std::min(std::max(heard_, probe_sent_) + shortened(options_.idle_interval),
                       probe_sent_ + shortened(proven));
    }
    if (doubtful_) due = std::min(due, soon);
    if (waiting_ > 0) {
        due = std::min(due, std::max(std::max(heard_, waiting_since_) + probe_doubtful, soon));
    }
    return due;
}

}  // namespace lode::cluster
