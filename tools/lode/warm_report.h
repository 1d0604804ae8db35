// tools/lode/warm_report.h
//
// How far `lode warm` is, in a line, and what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/units.h"

namespace lode::tools {

struct warm_tally {
    std::uint64_t listed = 0;
    bytes listed_bytes;
    bool all_listed = false;
    std::uint64_t ended = 0;  // for better or worse, those done before among them
    bytes ended_bytes;        // their size
    std::uint64_t brought = 0;
    bytes brought_bytes;            // that had to be fetched
    std::uint64_t were_there = 0;   // nothing had to be done
    std::uint64_t asked_for = 0;    // and not waited for
    std::uint64_t done_before = 0;  // as the file to resume from says
    std::uint64_t failed = 0;
};

// Fits on a terminal of 80 columns where numbers are of an ordinary size.
[[nodiscard]] std::string print_warm_progress(const warm_tally& t, double seconds);

[[nodiscard]] std::string print_warm_summary(const warm_tally& t, double seconds,
                                             std::string_view subject);

}  // namespace lode::tools
