// cluster/candidates.h
//
// The members that should have a part, the owner first: distinct, of one zone, in an order that all nodes
// with an equal view agree on. Whether a candidate is up plays no part in it: whoever asks passes over
// those that are down, and nothing moves.
//
//   Memory  In the value; nothing is allocated.
//   Limits  candidates_max.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "cluster/member.h"
#include "cluster/slot_table.h"
#include "engine/base/assert.h"
#include "engine/base/hash.h"

namespace lode::cluster {

inline constexpr unsigned candidates_max = 8;

class candidates {
  public:
    [[nodiscard]] unsigned size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] member_index operator[](unsigned n) const { return members_[n]; }
    [[nodiscard]] const member_index* begin() const { return members_.data(); }
    [[nodiscard]] const member_index* end() const { return members_.data() + size_; }

    [[nodiscard]] bool contains(member_index who) const;
    void add(member_index who) {
        LODE_ASSERT(size_ < candidates_max);
        members_[size_++] = who;
    }

    friend bool operator==(const candidates& a, const candidates& b) {
        return std::ranges::equal(a, b);
    }

  private:
    std::array<member_index, candidates_max> members_;
    std::uint8_t size_ = 0;
};

// The first `wanted` candidates of a part; fewer where fewer members have slots.
[[nodiscard]] candidates candidates_of(hash128 part, const slot_table& table, unsigned wanted);

}  // namespace lode::cluster
