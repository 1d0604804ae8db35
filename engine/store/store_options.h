// engine/store/store_options.h
//
// What a node's store is built from. Defaults work; a device is optional.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/store/device_backing.h"
#include "engine/store/device_health.h"

namespace lode::engine {

struct store_options {
    bytes memory{std::uint64_t{4} << 30U};  // for chunks, over all cores; at least 2 MiB per core
    std::vector<device_options> devices;    // none: memory only
    std::size_t cores = 1;
    std::string node;  // its devices belong to this name; empty: not checked

    // Parts that the index can hold, over all cores. 0: one per 128 KiB of memory and device.
    std::uint64_t parts_max = 0;

    // Used when a device is formatted; 0: derived from its size (format.h).
    std::uint32_t shards = 0;
    bytes slab_size;

    // How a fill reads its source, and how much of that for nobody who waits (fill.h).
    bytes fetch_size{std::uint64_t{8} << 20U};            // of one piece; a chunk at least
    std::uint32_t fetch_parallel = 4;                     // pieces of one fill at the same time
    bytes background_rate;                                // per second, over all cores; 0: no limit
    duration demand_patience = std::chrono::seconds(10);  // until a reader counts as gone

    // Each per core.
    std::uint32_t background_fetches = 2;  // pieces under way that nobody waits for; 1 at least
    std::uint32_t fills_max = 1024;
    std::uint32_t device_reads_max = 128;           // in flight, per device
    std::uint32_t device_writes_max = 32;           // in flight, per device
    duration frame_wait = std::chrono::seconds(2);  // how long a read or a fill waits for memory
    duration flush_delay = std::chrono::milliseconds(500);  // a chunk's wait for its descriptor
    device_health::limits device_health;                    // when a device is given up
    // Which chunks devices take: all, or those of parts that are asked for a second time.
    enum class admission_rule : std::uint8_t { always, second_hit };
    admission_rule admission = admission_rule::always;
    bytes scrub_rate;  // bytes per second that each device is read at to verify it; 0: not at all
    duration stop_timeout = std::chrono::seconds(10);

    // How devices are opened; the simulator brings its own.
    using opener = std::function<std::expected<std::unique_ptr<device_backing>, std::string>(
        const device_options&)>;
    opener open_device = open_file_backing;

    // `ignored` exists so that the simulator can prove that it would notice.
    enum class checksums : std::uint8_t { verified, ignored } checksum = checksums::verified;
};

}  // namespace lode::engine
