// engine/store/table_writer.h
//
// Keeps a device's descriptor tables in step with one core's index: changes are gathered, and
// written together a bounded time later. A batch first makes the chunks' bytes and the headers of
// slabs that changed their class durable, then the table blocks that describe them; so whoever reads
// a descriptor after a crash finds its slab's header, and its bytes as well unless the slot was
// taken over in the meantime, which the bytes' own checksum tells.
//
//   Core        The home core whose shards these are; no other writes there.
//   Memory      80 bytes per change that waits; 8 blocks of 4 KiB.
//   Invariants  One batch at a time. A table block is read before it is changed, unless its slab is
//               new, because the index does not hold what the other descriptors say.
//   Errors      A block that cannot be written is counted; its chunks are served as before and not
//               found after a restart.
//   Limits      A change waits `delay`, or until 4,096 have gathered, for its batch to begin.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/aligned_memory.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/device_io.h"
#include "engine/store/slot_journal.h"
#include "engine/store/store_counters.h"

namespace lode::engine {

class table_writer final : public slot_journal {
  public:
    table_writer(device_io& device, const format::superblock& of, duration delay,
                 store_counters& count);

    void start() { background_.spawn(run()); }

    void assigned(std::uint32_t slab, size_class c, std::uint64_t generation) override;
    void written(std::uint32_t slab, std::uint32_t slot, const format::descriptor& d) override;
    void released(std::uint32_t slab, std::uint32_t slot) override;

    // What recovery found in a slab.
    void restored(const format::slab_header& slab, std::uint32_t chunks);

    // Begins a batch now and waits until everything that was noted before is written.
    task<result<>> settle(time_point until);

    // Writes what is left and ends.
    task<result<>> stop(time_point until);

    // The device was taken out of service: what waits is of no use, nor is what was known.
    void forget();
    [[nodiscard]] bool idle() const { return !running_ && waiting_.empty(); }

  private:
    struct change {
        enum class kind : std::uint8_t { assigned, written, released };
        std::uint32_t slab = 0;
        std::uint32_t slot = 0;  // of `assigned`, the class
        kind what = kind::released;
        format::descriptor is;    // of `assigned`, the generation
        std::uint64_t order = 0;  // of all changes
    };
    struct slab_state {
        format::slab_header header;   // as the device has it, or will have after the batch
        std::uint32_t described = 0;  // chunks that the table on the device describes
        bool on_device = false;       // the header is
    };
    // Changes of one table block.
    struct block_changes {
        std::uint32_t slab = 0;
        std::uint32_t block = 0;
        bool fresh = false;  // the device's block is all zeros
        std::span<const change> changes;
    };
    task<void> run();
    task<void> write_batch();
    void plan_batch();
    void plan_slab(std::span<change> of_slab);
    task<void> write_headers();
    task<result<>> clear_table(const format::slab_header& slab);
    task<void> write_blocks(std::size_t worker);
    task<void> write_block(const block_changes& b, format::block_span memory);
    void apply(const block_changes& b, format::block_span memory) const;
    [[nodiscard]] std::uint32_t described_in(const block_changes& b,
                                             format::const_block_span memory) const;
    void set_described(slab_state& slab, std::uint32_t chunks);
    void note(const change& c);

    device_io& device_;
    const format::superblock super_;
    const duration delay_;
    store_counters& count_;

    std::vector<slab_state> slabs_;
    std::vector<change> waiting_;
    std::uint64_t noted_ = 0;    // changes, ever
    std::uint64_t settled_ = 0;  // changes whose batch has ended
    bool urgent_ = false;
    bool stopping_ = false;
    wait_list wake_;
    wait_list batch_ended_;
    scope background_;

    // The batch under way.
    std::vector<change> batch_;
    std::vector<std::uint32_t> new_slabs_;
    std::vector<block_changes> blocks_;
    std::size_t next_block_ = 0;
    bool running_ = false;
    aligned_memory memory_;
};

}  // namespace lode::engine
