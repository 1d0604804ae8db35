// bench/load/recorder.h
//
// What one core of a run saw: a row per second, every latency, errors by kind, words. Only what ends within
// the measured time counts; what ends during the warm-up, or after the end, is seen by live() alone. Bytes
// count when they come, so that a second's throughput is that second's, however long requests take.
//
//   Core        One writes. live() may be read on any; the rest once the core has ended.
//   Memory      latencies.h; 56 bytes per second.
//   Limits      32 kinds of errors; further ones are "other". full() where latencies are.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/answer_word.h"
#include "bench/load/latencies.h"
#include "bench/load/run_result.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::bench {

// Sums since the core began, warm-up included.
struct live_counts {
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> sent{0};
};

// When a request was due (or sent, in a closed loop), when the first byte of its answer came, when it ended.
struct request_times {
    time_point due;
    time_point first_byte;
    time_point end;
};

class recorder {
  public:
    // Measured is [begin, end).
    recorder(time_point begin, time_point end) : begin_(begin), end_(end) {}

    void received(time_point when, std::uint64_t count);
    void sent(time_point when, std::uint64_t count);
    // An upload has no word.
    void ended_well(const request_times& times, std::optional<answer_word> word);
    void failed(time_point when, std::string_view kind);
    void mismatched() { ++mismatches_; }
    // Due within the measured time, and not begun in it.
    void never_begun(std::uint64_t count);

    [[nodiscard]] bool full() const { return latencies_.full(); }
    [[nodiscard]] const live_counts& live() const { return live_; }

    // One for all: their sums, exact percentiles over all their samples, rows up to `measured`.
    static void merge(std::span<const recorder* const> cores, duration measured, run_result& into);

  private:
    struct second {
        std::uint64_t requests = 0;
        std::uint64_t errors = 0;
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
        std::size_t samples_begin = 0;  // in latencies_
    };

    second* second_of(time_point when);
    void count_error(std::string_view kind, std::uint64_t count);
    void gather(std::size_t second, std::vector<latency_ticks>& into) const;

    time_point begin_;
    time_point end_;
    live_counts live_;
    std::vector<second> seconds_;
    bench::latencies latencies_;
    std::map<std::string, std::uint64_t, std::less<>> errors_;
    word_counts words_{};
    std::uint64_t mismatches_ = 0;
};

}  // namespace lode::bench
