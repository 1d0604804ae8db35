// engine/store/near_chunks.h
//
// Chunks of other cores that this core reads again and again, held for a moment between two reads: each
// of these would be a message to the home and another one back, and one core would answer for all.
//
//   Core        One, which is not the chunks' home. Leases that it lends are given back here.
//   Memory      64 places. The frames stay the homes', pinned: at most `most` bytes, and none longer than
//               `hold` after it came from its home, but for a reader that still sends it.
//   Invariants  Only whole chunks that were found in memory. One is held when it is read for the second
//               time within `hold`. The home sees one read per `hold`, so that it does not think the
//               chunk cold.
//   Lifetime    empty() has been awaited before destruction.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"
#include "engine/runtime/timers.h"
#include "engine/store/chunk_lease.h"
#include "engine/store/part_key.h"

namespace lode::engine {

class near_chunks {
  public:
    static constexpr std::size_t places = 64;
    static constexpr duration hold = std::chrono::milliseconds(200);

    explicit near_chunks(bytes most);
    ~near_chunks();
    near_chunks(const near_chunks&) = delete;
    near_chunks& operator=(const near_chunks&) = delete;

    // The chunk, if it is held.
    [[nodiscard]] std::optional<chunk_lease> borrow(const part_key& part, std::uint32_t chunk);

    // The chunk has come from its home: holds it where that pays, and returns it for the reader.
    [[nodiscard]] chunk_lease arrived(const part_key& part, std::uint32_t chunk, chunk_lease lease);

    // Nobody gets a chunk of the part from here any more.
    void forget(const part_key& part);

    // Gives everything back that no reader has, and returns when the `cores` have heard of it.
    [[nodiscard]] task<void> empty(std::size_t cores);

  private:
    struct place {
        part_key part;
        std::uint32_t chunk = 0;
        time_point came{};  // from its home, be it held or not
        lent_chunk held;
    };

    [[nodiscard]] place& place_of(const part_key& part, std::uint32_t chunk);
    // False: it is lent.
    bool let_go(place& p);
    static void sweep(void* self);

    bytes most_;
    bytes held_bytes_;
    std::array<place, places> places_;
    timer sweep_;
};

}  // namespace lode::engine
