// cluster/slot_table.h
//
// The numbered slots of one zone, and the member that has each. Which parts a member gets is a matter
// of its slots alone; a slot that nobody has is vacant. The table is a pure function of the members and
// their claims. Where two claim the same slot, the one whose name is smaller has it.
//
//   Memory  2 bytes per slot, 16 per member that has one; taken when it is built.
//   Limits  What a member claims at or beyond slots_max is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/member.h"

namespace lode::cluster {

class slot_table {
  public:
    // A member that has at least one slot.
    struct holder {
        member_index who;
        std::uint64_t key;  // hash of its name, the same in every view
    };

    slot_table() = default;

    // `by_name` are the members of a view, of which those in `zone` count.
    slot_table(std::span<const member> by_name, std::string_view zone);

    // Up to the last slot that somebody has.
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(owners_.size()); }

    [[nodiscard]] std::optional<member_index> owner(std::uint32_t slot) const {
        const std::uint16_t who = owners_[slot];
        return who == vacant ? std::nullopt : std::optional(member_index(who));
    }

    // How many slots somebody has.
    [[nodiscard]] std::uint32_t occupied() const { return occupied_; }

    // In the order of their names.
    [[nodiscard]] std::span<const holder> holders() const { return holders_; }

  private:
    static constexpr std::uint16_t vacant = 0xffff;
    static_assert(members_max < vacant);

    std::vector<std::uint16_t> owners_;
    std::vector<holder> holders_;
    std::uint32_t occupied_ = 0;
};

}  // namespace lode::cluster
