// tests/sim/cluster_plan.h
//
// What a seed means for a cluster: how many nodes and objects there are, who asks how often, and what may
// go wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/runtime/simulated_stream.h"
#include "frontend/settings.h"

namespace lode::frontend {

// What the oracle must notice, to prove that it would.
enum class canary : std::uint8_t {
    none,
    stale,    // nodes believe for a while what they knew
    flipped,  // a bit changes between nodes, where nothing proves bytes
};

struct cluster_plan {
    std::size_t nodes = 3;
    std::size_t clients = 2;
    std::size_t operations = 5;  // of each client
    duration pause{0};           // between two of them, at most
    bytes memory;                // of each node
    settings config;
    unsigned candidates = 4;
    bool signs = false;  // lode asks the origin in its own name, and shares answers
    engine::simulated_stream::options wire;
    bool resized = false;  // objects change their size with their version

    struct object {
        std::string target;
        std::size_t size = 0;  // at most
        std::size_t parts = 1;
    };
    std::vector<object> objects;

    // What happens meanwhile, one thing after the other; several may last at the same time.
    bool ways_fail = false;
    bool nodes_end = false;
    bool views_differ = false;
    bool origin_fails = false;
    bool origin_is_slow = false;
    bool objects_change = false;
    bool spreads = false;
    duration between{0};  // two such things, at most
    canary bird = canary::none;
};

[[nodiscard]] cluster_plan cluster_plan_of(std::uint64_t seed, canary bird);

}  // namespace lode::frontend
