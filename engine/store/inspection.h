// engine/store/inspection.h
//
// What a device holds, found out from outside and without changing it: slab by slab, headers and
// tables, and the chunks themselves if they are to be verified.
//
//   Core    Any thread, offline; blocks. A device that a running lode writes to may be inspected: the
//           figures are then of different moments.
//   Memory  About 12 MiB, whatever the size of the device.
//   Errors  None: what cannot be read or believed is counted, and the walk goes on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/size_class.h"
#include "engine/store/chunk_verifier.h"
#include "engine/store/device_backing.h"
#include "engine/store/format.h"
#include "engine/store/slab_table.h"

namespace lode::engine {

// Slabs of one size class.
struct class_census {
    std::uint64_t slabs = 0;
    std::uint64_t slots = 0;
    table_tally descriptors;
    bytes data;  // of chunks that are validly described; of one that was written twice, twice
};

struct verification {
    std::uint64_t whole = 0;
    std::uint64_t damaged = 0;   // do not match their checksum
    std::uint64_t unread = 0;    // the device did not give them
    std::uint64_t replaced = 0;  // seemed damaged or unread, and were something else a moment later
    bytes read;
    std::vector<described_chunk> bad;  // the first damaged and unread ones
};

struct device_census {
    std::array<class_census, size_class::count> classes;
    std::uint64_t slabs_unused = 0;   // never given to a class
    std::uint64_t slabs_damaged = 0;  // a header that cannot be believed
    std::uint64_t slabs_unread = 0;   // header or table; also those behind the end of the device
    std::uint64_t parts = 0;
    bool parts_exact = true;  // else an estimate, distinct_count.h says how good
    verification chunks;

    [[nodiscard]] class_census total() const;
};

struct inspection_options {
    enum class chunks : std::uint8_t { left_alone, verified } data = chunks::left_alone;

    // A chunk that is replaced while it is verified looks damaged. Where this is set, it is called
    // once at the end, and must wait until a running lode has surely described what it wrote; then
    // what seemed damaged gets a second look.
    std::function<void()> settle;

    // Called for each slab that was done; both count the slabs' own bytes.
    std::function<void(bytes done, bytes total)> progress;

    static constexpr std::size_t bad_listed_max = 16;
    static constexpr std::size_t second_looks_max = 4096;
};

[[nodiscard]] device_census inspect(device_backing& device, const format::superblock& of,
                                    const inspection_options& o);

}  // namespace lode::engine
