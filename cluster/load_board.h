// cluster/load_board.h
//
// How busy the members of a view are: the bytes in flight that each reported with its last answer,
// and what was asked of it since. News fade: a load that nobody confirmed is soon none.
//
//   Core     One.
//   Memory   32 bytes per member.
//   Limits   A member_index counts in one view; follow() carries the board over to the next.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "cluster/member.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::cluster {

class load_board {
  public:
    explicit load_board(std::size_t members) : entries_(members) {}

    // The member said how many bytes it has in flight.
    void reported(member_index m, bytes in_flight, time_point now);

    // We are about to ask it for so much. Without this, all requests between two reports would go
    // to the same member.
    void asked(member_index m, bytes amount, time_point now);

    // Zero for one that was silent for long, or always.
    [[nodiscard]] bytes load(member_index m, time_point now) const;

    // Since it last reported; nothing if it never did.
    [[nodiscard]] std::optional<duration> age(member_index m, time_point now) const;

    // Another view is in force: for each of its members, which one it was before, if it was one.
    void follow(std::span<const std::optional<member_index>> before);

  private:
    struct entry {
        double level = 0;  // bytes in flight, as of level_at
        time_point level_at;
        std::optional<time_point> reported_at;
    };

    [[nodiscard]] static double faded(const entry& e, time_point now);
    [[nodiscard]] const entry& at(member_index m) const;
    [[nodiscard]] entry& at(member_index m);

    std::vector<entry> entries_;
};

}  // namespace lode::cluster
