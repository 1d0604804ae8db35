// bench/report/descent.h
//
// Coordinate descent over settings: one setting at a time, each of its values beside what holds so far, in
// rounds; a value is kept where it is better by more than the noise. Pure: who measures hands in rounds.
//
//   Invariants  A value that nothing has proved better than what holds is never kept.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/report/comparison.h"
#include "bench/report/metric.h"

namespace lode::bench {

// The label of what holds so far, in every round.
inline constexpr std::string_view incumbent = "as it is";

struct descent_step {
    std::optional<std::string> kept;  // the label of the value that is kept
    std::string said;                 // a sentence for people
};

// Of the rounds of one setting, whose runs are labelled with `incumbent` and the values that were tried.
[[nodiscard]] descent_step judge_step(std::string_view key, std::span<const measured_run> runs,
                                      const metric& goal);

}  // namespace lode::bench
