// bench/load/run_result.h
//
// What one run of a load saw: the only thing that the load generator and the reports share. Plain data,
// complete in itself: a report needs no server, and no second look at one.
//
// Units: times are durations (nanoseconds), CPU in seconds, lengths in bytes of bodies.
// Limits: one row of `timeline` per second of the run; words and errors are few kinds each, never texts of
// servers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::bench {

// Exact: every sample was kept, and the percentile is one of them (nearest rank).
struct latency_summary {
    std::uint64_t count = 0;
    duration mean{};
    duration least{};
    duration p50{};
    duration p90{};
    duration p99{};
    duration p99_9{};
    duration p99_99{};
    duration most{};
};

// One second of the measured time; the last may be shorter.
struct timeline_row {
    duration begin{};   // since the measured time began
    duration length{};  // of this row
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    bytes received{};
    bytes sent{};
    duration p50{};
    duration p99{};
};

// Where the bytes came from, as the answers' heads say (X-Cache, and Cache-Status' detail): "HIT memory",
// "HIT disk", "HIT peer", "MISS", "FILLING", "BYPASS"; "unsaid" for servers that do not say.
using cache_words = std::map<std::string, std::uint64_t>;

struct run_result {
    std::string label;                   // of the endpoint: its name in tables, such as "lode"
    std::string endpoint;                // URL, without credentials
    std::string operation;               // get, put, mixed
    std::string workload;                // in words: "64 KiB objects, 10,000, zipf 0.99"
    unsigned in_flight = 0;              // connections; requests at once
    std::optional<double> offered_rate;  // requests a second, where the arrivals are a schedule's

    duration measured{};         // without the warm-up
    std::uint64_t requests = 0;  // that ended well
    bytes received{};
    bytes sent{};
    std::map<std::string, std::uint64_t> errors;  // "503 SlowDown", "connection reset", "time-out"
    std::uint64_t mismatches =
        0;  // bodies with a byte that is not what was stored; only where verified
    bool verified = false;

    // Where arrivals are a schedule's, both count from when the request was due, not from when it was
    // sent: what a stalled server did to those who waited is in them ("coordinated omission").
    latency_summary first_byte;
    latency_summary whole;
    std::vector<timeline_row> timeline;

    double client_cpu = 0;             // seconds, user and system
    std::optional<double> server_cpu;  // of the measured time, where it can be known
    cache_words words;

    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(measured).count(); }
    [[nodiscard]] double requests_per_second() const {
        return seconds() > 0 ? static_cast<double>(requests) / seconds() : 0;
    }
    // Of bodies, both ways.
    [[nodiscard]] double bytes_per_second() const {
        return seconds() > 0 ? static_cast<double>((received + sent).count()) / seconds() : 0;
    }
};

}  // namespace lode::bench
