// tests/sim/plan.h
//
// What a seed means: which disks there are, and the lives that stores lead on them, one after the
// other, each with its own cores, memory, faults and end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/simulated_device.h"
#include "engine/store/part_key.h"
#include "engine/store/store_options.h"
#include "tests/sim/store_simulation.h"

namespace lode::engine {

enum class ending : std::uint8_t {
    orderly,      // the store stops
    quiet_crash,  // power fails when everything is settled
    crash,        // power fails in the middle of everything
};

struct life_plan {
    store_options store;
    device_faults device;
    std::uint64_t clients = 0;
    std::uint64_t operations = 0;  // of each client
    bool sources_fail = false;
    bool clock_jumps = false;
    ending end = ending::orderly;
    duration crash_after{0};
};

struct plan {
    std::vector<std::pair<std::string, bytes>> disks;
    std::vector<part_key> parts;
    std::vector<life_plan> lives;

    // Nothing ever says that a write was done that was not, or breaks one: what settled must last.
    bool truthful = false;
};

[[nodiscard]] plan plan_of(std::uint64_t seed, store_options::checksums checksum, faults wanted);

}  // namespace lode::engine
