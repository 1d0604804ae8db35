#include "cluster/load_board.h"

#include <cmath>

#include "cluster/health_rules.h"
#include "engine/base/assert.h"

namespace lode::cluster {

void load_board::reported(member_index m, bytes in_flight, time_point now) {
    entry& e = at(m);
    e.level = static_cast<double>(in_flight.count());
    e.level_at = now;
    e.reported_at = now;
}

void load_board::asked(member_index m, bytes amount, time_point now) {
    entry& e = at(m);
    e.level = faded(e, now) + static_cast<double>(amount.count());
    e.level_at = now;
}

bytes load_board::load(member_index m, time_point now) const {
    return bytes(static_cast<std::uint64_t>(faded(at(m), now)));
}

std::optional<duration> load_board::age(member_index m, time_point now) const {
    const std::optional<time_point>& reported = at(m).reported_at;
    if (!reported) return std::nullopt;
    return now - *reported;
}

void load_board::follow(std::span<const std::optional<member_index>> before) {
    std::vector<entry> next(before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i]) next[i] = at(*before[i]);
    }
    entries_ = std::move(next);
}

double load_board::faded(const entry& e, time_point now) {
    if (e.level == 0) return 0;
    const std::chrono::duration<double> age = now - e.level_at;
    const std::chrono::duration<double> half_life = health_rules::load_half_life;
    return e.level * std::exp2(-age / half_life);
}

const load_board::entry& load_board::at(member_index m) const {
    LODE_ASSERT(m.value() < entries_.size());
    return entries_[m.value()];
}

load_board::entry& load_board::at(member_index m) {
    LODE_ASSERT(m.value() < entries_.size());
    return entries_[m.value()];
}

}  // namespace lode::cluster
