// engine/base/file_mark.h
//
// What tells one content of a file from the next without reading it. Within a tick of the file system's
// clock a file may change twice and look the same, so a content that was read soon after a change is read once
// more when it had time to settle.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/clock.h"

namespace lode {

struct file_mark {
    static constexpr duration settling_time = std::chrono::seconds(2);

    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_s = 0;
    std::int64_t modified_ns = 0;

    // A later change cannot have this mark.
    [[nodiscard]] bool is_settled(wall_time now) const {
        return now.time_since_epoch() - std::chrono::seconds(modified_s) > settling_time;
    }

    friend bool operator==(const file_mark&, const file_mark&) = default;
};

}  // namespace lode
