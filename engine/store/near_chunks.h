// engine/store/near_chunks.h
//
// Chunks of other cores that this core reads again and again, held for a moment between two reads: each
// of these would be a message to the home and another one back, and one core would answer for all.
//
//   Core        One, which is not the chunks' home. Leases that it lends are given back here.
//   Memory      64 places. The frames stay the homes', pinned: none longer than `hold` after it came
//               from its home, or, if a reader was still sending it then, after that reader has done.
//               Of each home at most `most` bytes. A frame counts as a whole block, however small it
//               is: as long as it is pinned, its block cannot be used for another size.
//   Invariants  Only whole chunks that were found in memory. One is held when it is read for the second
//               time within `hold`. The home sees one read per `hold`, so that it does not think the
//               chunk cold. Nothing is held that was asked for before the latest forget() or empty():
//               its home may have granted it before the part was purged there.
//   Lifetime    empty() has been awaited before destruction.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"
#include "engine/runtime/timers.h"
#include "engine/store/chunk_lease.h"
#include "engine/store/part_key.h"

namespace lode::engine {

class near_chunks {
  public:
    using asking = id<struct asking_tag, std::uint64_t>;  // before how many forget() and empty()

    static constexpr std::size_t places = 64;
    static constexpr duration hold = std::chrono::milliseconds(200);

    // Of one home's memory, where `memory` is that of all of them: however many cores there are, all
    // that they hold together is a 16th of it at most.
    [[nodiscard]] static bytes most_of(bytes memory, std::size_t cores);

    // `most` of each of the homes on `cores`. Nothing is held where that is less than a block.
    near_chunks(bytes most, std::size_t cores);
    ~near_chunks();
    near_chunks(const near_chunks&) = delete;
    near_chunks& operator=(const near_chunks&) = delete;

    // The chunk, if it is held.
    [[nodiscard]] std::optional<chunk_lease> borrow(const part_key& part, std::uint32_t chunk);

    // Where a chunk is not held: taken before its home is asked, and given to arrived().
    [[nodiscard]] asking begin() const { return asking(forgotten_); }
    // The chunk has come from its home: holds it where that pays, and returns it for the reader.
    [[nodiscard]] chunk_lease arrived(const part_key& part, std::uint32_t chunk, chunk_lease lease,
                                      asking since);

    // Nobody gets a chunk of the part from here any more.
    void forget(const part_key& part);

    // Gives everything back that no reader has, and returns when the first `cores` have heard of it.
    [[nodiscard]] task<void> empty(std::size_t cores);

  private:
    struct place {
        part_key part;
        std::uint32_t chunk = 0;
        time_point came{};  // from its home, be it held or not
        lent_chunk held;
    };

    [[nodiscard]] place& place_of(const part_key& part, std::uint32_t chunk);
    // False: it is lent, and stays until its readers are done.
    bool let_go(place& p);
    // Nobody gets it from here any more, nor is it held at once when it comes again.
    void end(place& p);
    static void sweep(void* self);

    bytes most_;
    std::vector<bytes> held_of_;  // by home
    std::uint64_t forgotten_ = 0;
    std::array<place, places> places_;
    timer sweep_;
};

}  // namespace lode::engine
