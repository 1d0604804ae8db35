// engine/store/part_store.h
//
// The cache of one node: chunks of parts, in memory and on devices, spread over the cores. One
// object that every core shares; each call is made on any core and travels to the part's home core
// by itself.
//
//   read   the chunk, pinned, from memory or device, or as the fill under way brings it
//   fill   fetches the absent chunks of a part in the background, once, whoever and however many wait
//   claim  takes in one chunk that passes by anyway
//
//   Core        open() and the destructor on the thread that runs the cores; start() and stop()
//               once on each core; everything else on any core between those two. Counters are read
//               from anywhere.
//   Memory      options.memory for chunks, divided over the cores; index and frame bookkeeping
//               beside it (README).
//   Invariants  A chunk that comes off a device is served only if its XXH3 matches. Device failures
//               are misses.
//   Errors
//     not_found    a miss: neither here nor on its way
//     no_space     no memory became free in time; go on without the cache
//     timed_out    the fill did not get there before the deadline
//     cancelled    whoever filled gave up, or the store stops
//     unavailable  somebody else has or fills the chunk that claim() is for, or no memory is free
//     overloaded   too many fills at once
//     invalid      the part has no such chunk, or its id is known with another length
//     another one  comes from the source of the fill that a reader waited for
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"
#include "engine/store/chunk_lease.h"
#include "engine/store/device_backing.h"
#include "engine/store/part_key.h"
#include "engine/store/part_source.h"
#include "engine/store/store_counters.h"
#include "engine/store/store_options.h"

namespace lode::engine {

class home;

// How many chunks of a part are where. A chunk in memory may also be on the device.
struct presence {
    std::uint32_t memory = 0;
    std::uint32_t disk = 0;  // on the device only
    std::uint32_t filling = 0;
    std::uint32_t absent = 0;

    friend bool operator==(const presence&, const presence&) = default;
};

enum class fill_extent : std::uint8_t { whole_part, demanded_only };

class part_store {
  public:
    // Blocks: opens every device, and formats those that are empty. The error is one sentence for
    // the operator.
    [[nodiscard]] static std::expected<std::unique_ptr<part_store>, std::string> open(
        store_options o);
    ~part_store();
    part_store(const part_store&) = delete;
    part_store& operator=(const part_store&) = delete;

    // Builds what core `self` owns. No call may be made anywhere before every core has started.
    [[nodiscard]] task<result<>> start(core_id self);

    // Refuses what comes, ends fills, waits for device writes, at most options.stop_timeout long.
    // Leases and claims have been given back everywhere.
    [[nodiscard]] task<void> stop(core_id self);

    [[nodiscard]] core_id home_of(const part_key& part) const;

    // Returns as soon as more than `beyond` bytes of the chunk are there; what it returns is the
    // chunk's beginning, or all of it. A reader that sends on what arrives begins with 0, and goes on
    // with as many as it has; whoever can use nothing less than the chunk says whole_chunk. The bytes
    // of a chunk that arrives come in steps of 64 KiB or more. Waits for a fill or for memory no
    // longer than `until`; the chunk that it waits for comes before others of its part.
    [[nodiscard]] task<result<chunk_lease>> read(part_key part, std::uint32_t chunk,
                                                 time_point until, bytes beyond = bytes(0));

    // Returns as soon as every absent chunk of `demanded`, or of the whole part, is marked as being
    // filled, so that a read() that comes next waits for it. `demanded`, which may be empty, comes
    // before everything else. The whole part is not marked where neither memory nor a device could
    // keep it. Chunks that are present are left alone; if all are, or if a fill of the part is under
    // way, the source is dropped. An error of the source reaches those who wait; what had arrived
    // stays.
    [[nodiscard]] task<result<>> fill(part_key part, chunk_range demanded,
                                      std::unique_ptr<part_source> source,
                                      fill_extent extent = fill_extent::demanded_only);

    // Returns when nobody fills any chunk of the part any more; look() tells what came of it.
    [[nodiscard]] task<result<>> wait(part_key part, time_point until);

    // Never waits for memory.
    [[nodiscard]] task<result<chunk_claim>> claim(part_key part, std::uint32_t chunk);

    // Counts; nothing is pinned, so that the answer may be old when it arrives.
    [[nodiscard]] task<presence> look(part_key part);
    [[nodiscard]] task<presence> look(part_key part, chunk_range among);

    // Everything that nobody uses leaves memory, on all cores. What is on a device stays there.
    [[nodiscard]] task<void> drop_memory();

    // Forgets the part. Bytes in use stay with their users; chunks being filled arrive and are
    // kept.
    [[nodiscard]] task<void> purge(part_key part);

    // Waits until no chunk is on its way to a device, on all cores. timed_out: not before `until`.
    [[nodiscard]] task<result<>> settle(time_point until);

    // Takes a device out of service, or back, on all cores. A device that comes back has its tables
    // read again; what it held and is absent now is there again. The error is one sentence for the
    // operator.
    [[nodiscard]] task<std::expected<void, std::string>> take_out(std::string path);
    [[nodiscard]] task<std::expected<void, std::string>> bring_back(std::string path);

    [[nodiscard]] store_stats stats() const;
    void describe(metrics_page& page) const;

    // Lines for the operator at start: geometry and bounds.
    [[nodiscard]] std::vector<std::string> summary() const;

  private:
    struct node;

    explicit part_store(std::unique_ptr<node> n);

    [[nodiscard]] home* home_on(core_id core) const;
    [[nodiscard]] std::optional<std::uint8_t> device_at(std::string_view path) const;

    std::unique_ptr<node> node_;
};

}  // namespace lode::engine
