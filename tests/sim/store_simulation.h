// tests/sim/store_simulation.h
//
// The production store on simulated, misbehaving disks, used by clients who do anything in any order,
// killed and started again with other settings, and watched by an oracle that knows every byte. What
// is promised, for every seed:
//
//   | promise                                                    | broken when                       |
//   | every byte served is the part's own, also while it is held | the oracle's bytes differ         |
//   |   and while more of its chunk arrives                      |                                   |
//   | a read brings more than the reader has                     | it has as much as before          |
//   | whatever else happens is one of the documented errors      | an error of another kind arrives  |
//   | nobody waits for ever, whatever disk and sources do        | it is stuck or endless            |
//   | after faults end, parts are filled and read again          | one fails on a calm disk          |
//   | a device that was given up can be used again after that    | it does not come back             |
//   | what had settled when power failed is there afterwards     | a chunk is missing, on disks that |
//   |                                                            | do as they say                    |
//   | nothing leaks: frames, slots, index entries, sources       | a gauge is not zero at the end    |
//
// Everything follows from the seed: the same seed runs the same way.
#pragma once

#include <cstdint>
#include <string>

#include "engine/store/store_options.h"

namespace lode::engine {

struct simulated_life {
    std::string violation;  // empty: all promises held
    std::uint64_t served = 0;
    std::uint64_t served_from_disk = 0;
    std::uint64_t beginnings = 0;  // of chunks, served while they arrived
    std::uint64_t joined = 0;      // fills that were under way already
    std::uint64_t promoted = 0;    // chunks
    std::uint64_t background_bytes = 0;
    std::uint64_t parallel = 0;  // sources that were asked for several pieces at a time
    std::uint64_t checksum_failures = 0;
    std::uint64_t device_errors = 0;
    std::uint64_t evictions = 0;
    std::uint64_t crashes = 0;
    std::uint64_t recovered = 0;    // chunks
    std::uint64_t lasting = 0;      // chunks that had to be there after a crash, and were
    std::uint64_t damaged = 0;      // headers and descriptors found at a start
    std::uint64_t given_up = 0;     // devices, each time
    std::uint64_t taken_out = 0;    // devices, on request
    std::uint64_t fingerprint = 0;  // of everything that was counted, and of the time that passed
};

enum class faults : std::uint8_t { as_seeded, corrupting };

[[nodiscard]] simulated_life live(std::uint64_t seed, store_options::checksums checksum,
                                  faults wanted = faults::as_seeded);

}  // namespace lode::engine
