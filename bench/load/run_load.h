// bench/load/run_load.h
//
// Runs one load and says what it saw. A load expects its data set to be there: prepare.h.
//
//   Core     The caller's thread conducts; `cores` threads of their own make the requests.
//   Memory   For each core 8 bytes per request, at most 512 MiB (recorder.h); for each connection about
//            20 KiB, and with `verify` or uploads 64 KiB more.
//   Errors   One sentence: the load cannot be (problem_of), the server cannot be reached at all, a
//            figure of the server cannot be read. Requests that fail are part of the result.
//   Limits   Ends at the latest a second after `warm_up + measured`, or 5 s where a dial is under way; a load
//            that is a number of requests ends with the last of them.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "bench/load/load_options.h"
#include "bench/load/run_result.h"

namespace lode::bench {

// One second of a run that goes on.
struct progress {
    duration since_begin{};  // of the run, warm-up included
    bool warming_up = false;
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    bytes received{};
    bytes sent{};
};

struct run_hooks {
    std::function<void(const progress&)> each_second;  // on the caller's thread
    // Once it is true the run ends, with what was measured so far. A signal handler may set it.
    const std::atomic<bool>* interrupted = nullptr;
};

[[nodiscard]] std::expected<run_result, std::string> run_load(const load_options& o,
                                                              const run_hooks& hooks = {});

// Reads every object of the data set once, so that a run can find it in a cache. Same errors.
[[nodiscard]] std::expected<run_result, std::string> read_once(const load_options& o,
                                                               const run_hooks& hooks = {});

// Whether the answers came from where the run expected them: at least this share of them.
inline constexpr double expected_share = 0.95;
[[nodiscard]] std::optional<std::string> problem_with_state(cache_state expected,
                                                            const cache_words& words);

}  // namespace lode::bench
