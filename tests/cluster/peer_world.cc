#include "tests/cluster/peer_world.h"

#include <algorithm>

#include "tests/catch.h"

namespace lode::cluster {

using std::chrono::milliseconds;

peer_world::peer_world(std::uint64_t seed, peer_health::options o)
    : chance_(seed), health(o, chance_, clock_.now()) {
    probe_sent_ = now() - std::chrono::seconds(1);
    last_ask_ = probe_sent_;
}

void peer_world::run(duration how_long) {
    const time_point end = now() + how_long;
    while (now() < end) step();
}

duration peer_world::run_until(peer_state s, duration limit) {
    const time_point begin = now();
    while (health.state() != s && now() - begin < limit) step();
    return now() - begin;
}

void peer_world::step() {
    clock_.advance(milliseconds(1));
    end_requests();
    end_probe();
    make_requests();
    probe();
    check_invariants();
}

void peer_world::make_requests() {
    owed_ += requests_per_second;
    if (owed_ < 1'000) return;
    owed_ -= 1'000;
    if (!health.may_ask(now())) {
        ++seen.passed_over;
        return;
    }
    const duration patience = health.deadline(now());
    requests_.push_back({health.ask(now()), now() + latency, now() + patience});
    ++seen.asked;
    last_ask_ = now();
}

void peer_world::end_requests() {
    std::erase_if(requests_, [this](request& r) { return ends(r); });
}

bool peer_world::ends(request& r) {
    const auto fail = [&](peer_failure f) {
        seen.longest_wait = std::max(seen.longest_wait, now() - r.question.asked);
        health.failed(r.question, now(), f);
        ++seen.failed;
        return true;
    };
    if (peer == conduct::refuses) {
        // Those that were under way see their connection end, later ones never get one.
        const bool young = now() - r.question.asked <= milliseconds(1);
        return fail(young ? peer_failure::unreachable : peer_failure::broken);
    }
    if (now() >= r.answer_at) {
        if (peer == conduct::serves) {
            health.answered(r.question, now());
            ++seen.answered;
            return true;
        }
        if (peer == conduct::overloaded) {
            health.overloaded(r.question, now());
            ++seen.refused;
            return true;
        }
    }
    return now() >= r.deadline && fail(peer_failure::late);
}

void peer_world::probe() {
    if (now() < health.next_probe()) return;
    // At most four in a second, jitter included.
    CHECK(now() - probe_sent_ >= milliseconds(218));
    health.probe_sent(now());
    probing_ = true;
    probe_sent_ = now();
    ++seen.probes;
}

void peer_world::end_probe() {
    if (!probing_) return;
    const duration age = now() - probe_sent_;
    const bool hears = peer != conduct::stays_silent && peer != conduct::refuses;
    if (hears && age >= milliseconds(1)) {
        probing_ = false;
        health.probe_answered(now(), says);
    } else if (peer == conduct::refuses || age >= health_rules::probe_wait) {
        probing_ = false;
        health.probe_failed(now());
    }
}

void peer_world::check_invariants() {
    const peer_state s = health.state();
    if (s != before_) changes.emplace_back(now(), s);
    before_ = s;

    // Asserted millions of times: by the library only when broken.
    const auto must = [](bool holds, const char* what) {
        if (!holds) FAIL(what);
    };
    must(!health.may_ask(now()) || (s != peer_state::down && s != peer_state::joining),
         "a peer that is down or joining may not be asked");
    const auto trials = std::count_if(requests_.begin(), requests_.end(),
                                      [](const request& r) { return r.question.trial != 0; });
    must(trials <= 1, "there is one trial at a time");
    const duration deadline = health.deadline(now());
    must(deadline >= health_rules::deadline_min && deadline <= health_rules::deadline_max,
         "a deadline keeps its bounds");
    const auto hedge = health.hedge_after(now());
    must(!hedge || (*hedge >= health_rules::hedge_min && *hedge < deadline),
         "a hedge comes before the deadline");
}

}  // namespace lode::cluster
