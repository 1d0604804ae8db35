// tools/lode-origin/tally.h
//
// What one core has answered: requests by operation and status, and bytes. Tests read it to see what
// reached the origin, so a request is counted before its answer's first byte leaves: whoever has the
// answer finds it counted.
//
//   Core     Written by its own core, read by the admin port's.
//   Memory   120 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/base/counters.h"
#include "tools/lode-origin/operation.h"

namespace lode::dev_origin {

class tally {
  public:
    static constexpr unsigned status_min = 100;
    static constexpr unsigned status_max = 599;

    void began() { in_flight_.add(); }
    void ended() { in_flight_.subtract(); }
    void answered(operation op, unsigned status);
    // Of bodies; heads are not counted.
    void sent(operation op, std::uint64_t count) { of(op).bytes_out.add(count); }
    void received(std::uint64_t count) { bytes_in_.add(count); }

    // Everything but what is in flight. On its own core.
    void reset();

  private:
    friend std::string counters_json(std::span<const tally* const> cores);

    struct per_operation {
        std::array<counter, status_max - status_min + 1> by_status;
        counter bytes_out;
    };
    per_operation& of(operation op) { return operations_[static_cast<std::size_t>(op)]; }

    std::array<per_operation, operation_count> operations_;
    counter bytes_in_;
    counter in_flight_;
};

// The sum over all cores; operations that never happened are left out.
[[nodiscard]] std::string counters_json(std::span<const tally* const> cores);

}  // namespace lode::dev_origin
