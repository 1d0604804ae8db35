#include "cluster/circuit_breaker.h"

#include <algorithm>

#include "cluster/health_rules.h"
#include "engine/base/assert.h"

namespace lode::cluster {

using namespace health_rules;

circuit_breaker::position circuit_breaker::at(time_point now) const {
    if (closed_) return position::closed;
    return now < opens_until_ ? position::open : position::half_open;
}

bool circuit_breaker::may_pass(time_point now) const {
    switch (at(now)) {
        case position::closed: return true;
        case position::open: return false;
        case position::half_open: return trial_ == 0 || now - trial_began_ >= trial_max;
    }
    return false;
}

circuit_breaker::trial circuit_breaker::pass(time_point now) {
    LODE_ASSERT(may_pass(now));
    if (closed_) return 0;
    if (++last_trial_ == 0) ++last_trial_;
    trial_ = last_trial_;
    trial_began_ = now;
    return trial_;
}

void circuit_breaker::good(trial t, time_point now) {
    if (!is(t)) return;
    trial_ = 0;
    closed_ = true;
    closed_at_ = now;
}

void circuit_breaker::bad(trial t, time_point now) {
    if (!is(t)) return;
    ++level_;
    open(now);
}

void circuit_breaker::release(trial t) {
    if (is(t)) trial_ = 0;
}

void circuit_breaker::trip(time_point asked, time_point now) {
    if (!closed_ || asked < closed_at_) return;
    level_ = now - closed_at_ >= open_forgotten ? 0 : level_ + 1;
    open(now);
}

void circuit_breaker::open(time_point now) {
    level_ = std::min(level_, 8U);
    const auto whole = std::min(open_first * (1 << level_), open_max).count();
    const auto part = chance_->below(static_cast<std::uint64_t>(whole / 2));
    closed_ = false;
    trial_ = 0;
    opens_until_ = now + duration(whole - static_cast<std::int64_t>(part));
}

}  // namespace lode::cluster
