// tests/sim/cluster_simulation.h
//
// Several production nodes with their stores, peers and connections before one origin, used by clients who
// ask any of them for anything, while nodes end and begin again with nothing, the ways between them refuse,
// break, fall silent or become slow, views differ, objects are replaced and the origin is in trouble. What is
// promised, for every seed:
//
//   | promise                                                      | broken when                         |
//   | a whole answer is that of a version that was current between | no such version answers so          |
//   |   the request's beginning and its end                        |                                     |
//   | a broken answer never mixes versions                         | it is no version's beginning        |
//   | answers break or fail only where the origin was in trouble,  | one does for another reason, as     |
//   |   the object was replaced, or the node itself ended          |   when a peer is dead               |
//   | every request ends within patience_max                       | it takes longer                     |
//   | after the troubles every node is well in everybody's eyes    | one is not, or an object cannot be  |
//   |   and serves every object                                    |   had somewhere                     |
//   | nothing is left over                                         | a gauge is not zero; something      |
//   |                                                              |   waits when all has ended          |
//
// Everything follows from the seed: the same seed runs the same way.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/cluster_plan.h"

namespace lode::frontend {

struct simulated_cluster {
    std::string violation;  // empty: all promises held
    std::uint64_t answers = 0;
    std::uint64_t excused = 0;        // that broke off or failed, and were allowed to
    std::uint64_t bytes = 0;          // of whole answers' bodies
    std::uint64_t from_peers = 0;     // bytes
    std::uint64_t broken_off = 0;     // answers of peers
    std::uint64_t peers_failed = 0;   // questions to peers
    std::uint64_t peers_refused = 0;  //
    std::uint64_t ends = 0;           // of nodes
    std::uint64_t changes = 0;        // of objects
    std::uint64_t hits = 0;
    duration longest{0};            // request
    std::uint64_t fingerprint = 0;  // of all answers, and the time that passed
};

[[nodiscard]] simulated_cluster live_together(std::uint64_t seed, canary bird = canary::none);

}  // namespace lode::frontend
