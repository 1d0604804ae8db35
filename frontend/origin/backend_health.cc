#include "frontend/origin/backend_health.h"

#include <algorithm>
#include <utility>

namespace lode::frontend::origin {

void backend_health::admit(time_point now) {
    if (up_) return;
    on_trial_ = true;
    until_ = now + trial_max;
}

void backend_health::succeeded() {
    // During a pause this is the late answer to a request that was sent before it.
    if (!up_ && !on_trial_) return;
    up_ = true;
    on_trial_ = false;
    failures_ = 0;
}

bool backend_health::failed(time_point now, random& chance) {
    if (!up_ && !on_trial_ && now < until_) return false;
    constexpr std::uint32_t doublings_max = 6;
    const duration pause =
        std::min(pause_max, pause_min * (1U << std::min(failures_, doublings_max)));
    const auto half = static_cast<std::uint64_t>((pause / 2).count());
    until_ = now + pause - duration(static_cast<duration::rep>(chance.below(half)));
    ++failures_;
    on_trial_ = false;
    return std::exchange(up_, false);
}

bool backend_health::checked(bool well, time_point now, random& chance) {
    if (!well) return failed(now, chance);
    if (up_ || on_trial_ || now < until_) return false;
    up_ = true;
    return true;
}

}  // namespace lode::frontend::origin
