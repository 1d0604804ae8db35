// frontend/origin/retry.h
//
// How often a fetch that fails is tried again, and how long it waits before that. An origin that
// delivers something keeps its credit; one that does not is given up soon. Pure: whoever asks brings
// chance.
//
//   Limits  See retry_limits. The waits of one run of failures sum up to less than half a minute.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/units.h"

namespace lode::frontend::origin {

struct retry_limits {
    unsigned without_progress = 5;  // attempts, one after the other
    unsigned in_all = 100;
    duration first_pause = std::chrono::milliseconds(50);  // doubles with every failure
    duration pause_max = std::chrono::seconds(2);
    duration asked_max = std::chrono::seconds(5);  // of what an origin asks for (Retry-After)
};

class retry_budget {
  public:
    retry_budget() = default;
    explicit retry_budget(const retry_limits& limits) : limits_(limits) {}

    // An attempt failed after it had brought so much: how long to wait before the next one. Nothing: do
    // not try again.
    [[nodiscard]] std::optional<duration> next(bytes brought, std::optional<duration> asked,
                                               lode::random& chance) {
        ++attempts_;
        failures_ = brought > bytes(0) ? 1 : failures_ + 1;
        if (failures_ >= limits_.without_progress || attempts_ >= limits_.in_all) {
            return std::nullopt;
        }
        const unsigned doublings = std::min(failures_ - 1, 16U);
        const duration most = std::min(limits_.pause_max, limits_.first_pause * (1L << doublings));
        // Between half of it and all: those who failed together do not come back together.
        const auto half = static_cast<std::uint64_t>(most.count() / 2);
        const duration pause(half + chance.below(half + 1));
        return std::max(pause, std::min(asked.value_or(duration::zero()), limits_.asked_max));
    }

  private:
    retry_limits limits_;
    unsigned attempts_ = 0;
    unsigned failures_ = 0;  // since something came
};

}  // namespace lode::frontend::origin
