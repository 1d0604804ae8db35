// tests/engine/runtime/run_on_cores.h
//
// Runs a coroutine on a real core (a thread with its own ring) and waits for it.
#pragma once

#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/core.h"

namespace lode::engine {

// Starts `cores` cores; each runs `main(core_id)` to its end.
template <class Main>
void run_on_cores(std::size_t cores, Main main) {
    core_group group({.cores = cores,
                      .ring = {.entries = 64, .completions = 256},
                      .pin = core_group::options::pinning::free});
    const auto started = group.start(std::move(main));
    LODE_ASSERT(started.has_value());
    group.join();
}

template <class Main>
void run_on_core(Main main) {
    run_on_cores(1, [main = std::move(main)](core_id) { return main(); });
}

}  // namespace lode::engine
