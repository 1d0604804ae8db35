// engine/store/arrivals.h
//
// Readers that wait for a chunk that is on its way, from an origin or from a device, or for more of
// it than they have. Whoever brings it announces it, and pins it once for each of them, so that it
// cannot leave again before they look.
//
//   Core      One.
//   Memory    A waiter lives in its coroutine's frame; 512 list heads.
//   Errors    timed_out when the deadline passes first; else what the bringer says.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/runtime/waiting_coroutine.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_ref.h"

namespace lode::engine {

class arrivals {
  public:
    // Answers with the chunk's frame, pinned once for the waiter.
    class waiter final : public waiting_coroutine<result<resident*>> {
      public:
        waiter(arrivals& board, part_ref part, std::uint32_t chunk, std::uint64_t beyond,
               time_point until)
            : waiting_coroutine(until),
              board_(board),
              part_(part),
              chunk_(chunk),
              beyond_(beyond) {}

        void await_suspend(std::coroutine_handle<> h) {
            board_.line_of(part_, chunk_).push_back(*this);
            begin(h);
        }

      private:
        friend arrivals;

        arrivals& board_;
        part_ref part_;
        std::uint32_t chunk_;
        std::uint64_t beyond_;
    };

    // For all of the chunk.
    [[nodiscard]] waiter wait(part_ref part, std::uint32_t chunk, time_point until) {
        return {*this, part, chunk, all, until};
    }
    // For more than `beyond` bytes of it.
    [[nodiscard]] waiter wait(part_ref part, std::uint32_t chunk, std::uint64_t beyond,
                              time_point until) {
        return {*this, part, chunk, beyond, until};
    }

    // Releases everyone who waits for that chunk. Returns how many.
    std::uint32_t announce(part_ref part, std::uint32_t chunk, result<resident*> outcome) {
        return release(part, chunk, all, outcome);
    }

    // Its first `there` bytes are there: releases those who can use that. Returns how many.
    std::uint32_t announce_bytes(part_ref part, std::uint32_t chunk, std::uint64_t there,
                                 resident& r) {
        return release(part, chunk, there, &r);
    }

  private:
    static constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

    std::uint32_t release(part_ref part, std::uint32_t chunk, std::uint64_t there,
                          result<resident*> outcome) {
        std::uint32_t released = 0;
        list<waiter>& line = line_of(part, chunk);
        for (waiter* next = line.empty() ? nullptr : &line.front(); next != nullptr;) {
            waiter& w = *next;
            next = line.next_of(w);
            if (w.part_ != part || w.chunk_ != chunk) continue;
            if (there != all && w.beyond_ >= there) continue;
            w.release(outcome);
            ++released;
        }
        return released;
    }

    [[nodiscard]] list<waiter>& line_of(part_ref part, std::uint32_t chunk) {
        return lines_[(part.value() * 0x9e37'79b1U + chunk) % lines_.size()];
    }

    std::array<list<waiter>, 512> lines_;
};

}  // namespace lode::engine
