// tools/lode-origin/faults.h
//
// Failures on demand. One plan is in force at a time; it says which requests it applies to, how many
// of them, and what happens to each.
//
//   Core     The plan lives on the first core; the others ask it there, and only while one is set.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/random.h"
#include "tools/lode-origin/operation.h"

namespace lode::dev_origin {

// What happens to one request. Byte counts are of the answer's body.
struct fault {
    duration latency{0};                                // before anything else
    bool slow_down = false;                             // 503 in place of the answer
    std::optional<unsigned> error_status;               // ... or this status
    bool reset_before_answer = false;                   // RST once the request's head is read
    std::optional<std::uint64_t> reset_after_bytes;     // RST in the middle of the body
    std::optional<std::uint64_t> truncate_after_bytes;  // an orderly end in the middle
    std::optional<std::uint64_t> reset_upload_after_bytes;
    std::int64_t wrong_length = 0;                  // added to the stated Content-Length
    bool wrong_etag = false;                        // another ETag than the object's
    std::uint64_t garbage_bytes = 0;                // after the answer
    std::optional<std::uint64_t> bytes_per_second;  // of the answer's body
    duration slow_head{0};                          // before each byte of the answer's head
};

struct fault_plan {
    fault happening;
    double error_rate_503 = 0;
    std::optional<std::uint64_t> count;  // requests left; nothing: no end
    std::optional<operation> only;       // of this operation
};

// From the parameters of POST /faults; invalid for names or values that cannot be meant.
[[nodiscard]] result<fault_plan> parse_fault_plan(std::span<const parameter> parameters);

class fault_injector {
  public:
    void set(fault_plan plan) { plan_ = plan; }
    void clear() { plan_.reset(); }

    // What is to happen to this request. Uses up one of `count`.
    [[nodiscard]] std::optional<fault> take(operation op, random& chance);

  private:
    std::optional<fault_plan> plan_;
};

}  // namespace lode::dev_origin
