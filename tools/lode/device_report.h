// tools/lode/device_report.h
//
// What `lode inspect` found on a device, as a table for people and as JSON for programs. Names that
// come from a device are shown so that they cannot do anything to a terminal.
#pragma once

#include <string>

#include "engine/base/units.h"
#include "engine/store/inspection.h"
#include "engine/store/superblock.h"

namespace lode::tools {

enum class verified : std::uint8_t { no, yes };

struct device_report {
    std::string path;
    bytes size;                        // of the file or the block device
    bool in_use = false;               // at the beginning or at the end
    engine::superblock_copies copies;  // one of them is usable
    engine::device_census census;
    verified chunks = verified::no;
};

[[nodiscard]] std::string print_report(const device_report& r);
[[nodiscard]] std::string print_report_json(const device_report& r);

// Why a device without a usable superblock cannot be inspected.
[[nodiscard]] std::string describe_no_cache(const std::string& path,
                                            const engine::superblock_copies& copies);

// A bar, a share and the bytes; always of the same length for the same total.
[[nodiscard]] std::string print_progress(bytes done, bytes total);

// Whether every chunk that was to be verified could be read and matches. Damaged headers and
// descriptors cost cached data and nothing else.
[[nodiscard]] bool is_sound(const device_report& r);

}  // namespace lode::tools
