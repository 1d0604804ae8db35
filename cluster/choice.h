// cluster/choice.h
//
// Which of a part's candidates is asked: of two that are drawn from the first `spread` ones, the one with
// less to do (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). Two are
// enough to keep loads even, and few enough that not everybody runs to whoever was idle last.
//
//   Limits  candidates_max; nothing is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "cluster/candidates.h"
#include "engine/base/random.h"
#include "engine/base/units.h"

namespace lode::cluster {

enum class standing : std::uint8_t {
    ask,
    ask_last,  // only when nobody else can be asked: it leaves soon
    refuse,    // it is down, or was asked already
};

// A candidate as the one who asks sees it.
struct offer {
    member_index who;
    standing stands = standing::ask;
    bytes load;  // in flight, as it last said
};

// `in_order` as candidates_of gave them. Those that are refused do not count, so the next ones move up.
[[nodiscard]] std::optional<member_index> choose(std::span<const offer> in_order, unsigned spread,
                                                 random& random);

// With `standing_of(member_index)` and `load_of(member_index)`.
template <class StandingOf, class LoadOf>
[[nodiscard]] std::optional<member_index> choose(const candidates& from, unsigned spread,
                                                 const StandingOf& standing_of,
                                                 const LoadOf& load_of, random& random) {
    std::array<offer, candidates_max> offers;
    for (unsigned n = 0; n < from.size(); ++n) {
        offers[n] = {.who = from[n], .stands = standing_of(from[n]), .load = load_of(from[n])};
    }
    return choose(std::span<const offer>(offers).first(from.size()), spread, random);
}

}  // namespace lode::cluster
