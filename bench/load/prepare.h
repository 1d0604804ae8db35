// bench/load/prepare.h
//
// Puts a data set where a load will read it: makes the bucket where there is none, and every object that
// is missing or has another size; with parts where `part_size` says so. What is there stays, so that
// later runs start at once.
//
//   Core     The caller's thread waits; one thread of its own uploads.
//   Errors   One sentence, of the first object that could not be put.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "bench/load/load_options.h"

namespace lode::bench {

struct prepared {
    std::uint64_t objects = 0;  // seen or put so far
    std::uint64_t put = 0;      // of these, uploaded
    bytes sent{};
};

struct prepare_hooks {
    std::function<void(const prepared&)> each_second;  // on the caller's thread
    const std::atomic<bool>* interrupted = nullptr;    // as in run_load.h
};

[[nodiscard]] std::expected<prepared, std::string> prepare(const load_options& o,
                                                           const prepare_hooks& hooks = {});

}  // namespace lode::bench
