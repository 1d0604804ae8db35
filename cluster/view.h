// cluster/view.h
//
// Who is in the cluster, as one node sees it at one time, and where parts belong then. A change makes
// a new view; whoever works with the old one goes on with it.
//
//   Core        Any; it never changes.
//   Invariants  Members are sorted by name; no name comes twice.
//   Limits      members_max; of more, the first by name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/candidates.h"
#include "cluster/member.h"
#include "cluster/slot_table.h"
#include "engine/base/hash.h"

namespace lode::cluster {

class view {
  public:
    // In any order. Of members with the same name, the one with the smallest address counts. `self` is
    // this node's name, whether it is among the members or not.
    view(std::vector<member> members, std::string_view self);

    view(const view&) = delete;
    view& operator=(const view&) = delete;

    [[nodiscard]] std::span<const member> members() const { return members_; }
    [[nodiscard]] const member& operator[](member_index who) const;
    [[nodiscard]] std::optional<member_index> find(std::string_view name) const;
    [[nodiscard]] std::optional<member_index> self() const { return self_; }

    // The table of a zone; an empty one where nobody is.
    [[nodiscard]] const slot_table& table(std::string_view zone) const;

    // Of this node's zone; empty when this node is no member.
    [[nodiscard]] const slot_table& own_table() const { return *own_table_; }

    // Ascending.
    [[nodiscard]] std::span<const std::string> zones() const { return zones_; }

    // Where a part belongs, in this node's zone.
    [[nodiscard]] candidates candidates_of(hash128 part, unsigned wanted) const {
        return cluster::candidates_of(part, own_table(), wanted);
    }

    // XXH3 of all that placement depends on: names, zones, slots. Nodes with equal digests agree.
    [[nodiscard]] std::uint64_t digest() const { return digest_; }

  private:
    std::vector<member> members_;
    std::vector<std::string> zones_;
    std::vector<slot_table> tables_;  // of zones_, in their order
    const slot_table* own_table_;
    std::optional<member_index> self_;
    std::uint64_t digest_ = 0;
};

using view_ptr = std::shared_ptr<const view>;

}  // namespace lode::cluster
