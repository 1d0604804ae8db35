// engine/store/recovery.h
//
// Finds again what a device holds, from its slabs' headers and tables; the chunks themselves are not
// read. What the descriptors say is put in the order in which it was written and then done again:
// parts get their places in the index, the last write of a chunk wins, and the least recently written
// part is the first to be evicted.
//
//   Core      A home core, for the shards that are its own; at start, or when a device returns to
//             service while everything else goes on.
//   Memory    1 MiB of buffers, and 80 bytes per descriptor of the shard at hand.
//   Errors    What cannot be read or believed is counted and left out; it never stops the start. A
//             slab whose header cannot be read is not used.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/store/device_io.h"
#include "engine/store/device_tier.h"
#include "engine/store/part_index.h"
#include "engine/store/slab_table.h"
#include "engine/store/table_writer.h"

namespace lode::engine {

struct recovered {
    std::uint64_t parts = 0;  // new to the index
    std::uint64_t chunks = 0;
    std::uint64_t damaged = 0;   // headers and descriptors that could not be believed
    std::uint64_t unread = 0;    // slabs whose header or table could not be read
    std::uint64_t left_out = 0;  // for want of room in the index

    void add(const recovered& other);
};

class recovery {
  public:
    struct of {
        std::uint8_t device = 0;
        const format::superblock& super;
        device_io& io;
        table_writer& tables;
    };

    recovery(part_index& parts, device_tier& slots, of what)
        : parts_(parts), slots_(slots), of_(what) {}

    // The device is closed, or nothing else runs yet.
    task<recovered> run();

  private:
    struct found_chunk {
        format::descriptor is;
        format::slot_address at;
    };

    struct found_slab {
        std::uint32_t slab = 0;  // of the shard
        format::slab_header header;
        std::uint32_t described = 0;  // chunks, whether or not the index has room for them
    };

    task<void> read_shard(std::uint32_t shard);
    task<void> read_slabs(std::uint32_t shard, std::span<std::byte> buffer);
    task<void> read_slab(std::uint32_t shard, std::uint32_t slab, std::span<std::byte> memory);
    task<void> restore_shard(std::uint32_t shard);
    void restore_chunk(const found_chunk& c, std::uint32_t shard);
    [[nodiscard]] part_ref part_for(const format::descriptor& d, std::uint32_t shard);
    // The slot stays free: its descriptor must not be found another time.
    void leave_out(const found_chunk& c, std::uint32_t shard);

    part_index& parts_;
    device_tier& slots_;
    of of_;
    recovered sum_;

    // The shard at hand.
    std::uint32_t next_slab_ = 0;
    std::vector<found_chunk> chunks_;
    std::vector<found_slab> slabs_;
    std::vector<std::uint32_t> unread_;
};

}  // namespace lode::engine
