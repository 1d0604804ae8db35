// bench/report/headline.h
//
// What a report says, in a sentence per endpoint: what somebody would tell a colleague at the door.
#pragma once

#include <string>
#include <vector>

#include "bench/report/report.h"

namespace lode::bench {

[[nodiscard]] std::vector<std::string> headlines(const report& of);

// In the order of their first run; the place of a label is its colour.
[[nodiscard]] std::vector<std::string> labels_of(const report& of);

// Whether it is a ladder: an endpoint with three or more different numbers of requests at once.
[[nodiscard]] bool is_ladder(const report& of);

}  // namespace lode::bench
