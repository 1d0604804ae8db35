// cluster/roster.h
//
// Who is in the cluster, out of two kinds of knowledge: what a membership source has discovered, and
// what nodes say of themselves when they are spoken to. Pure: time is told, and what is wrong is
// returned as sentences.
//
//   Who counts   A discovered node with a name is a member at once. Of one without a name only an
//                address is known until the node behind it was heard; then it is a member.
//   Whose word   Where a source gives a name, it is right about name, address, zone, capacity and
//                slots, and the node about whether it drains. Where it gives only an address, the node
//                is right about all but the address.
//   Leaving      A named node leaves with its entry. An address that is discovered no more leaves when
//                it has not been heard for `linger`: names are resolved to those that are ready, and a
//                node that is not is no less a member.
//   Conflicts    Of two nodes with one name or one address the one that was there first stays and the
//                other is left out. A node known by its address that has been silent for `silence` gives
//                way: it has moved. This node's own name from elsewhere is left out and said as `own_name`.
//   Invariants   Names and addresses of members() are distinct, and this node is one of them.
//   Limits       members_max members, zones_max zones, slots_per_member_max slots of each member; who is
//                beyond is left out and said. This node's own zone is never beyond.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/member.h"
#include "cluster/membership.h"
#include "engine/base/clock.h"

namespace lode::cluster {

struct roster_rules {
    duration linger = std::chrono::minutes(1);
    duration silence = std::chrono::seconds(30);
};

// What two nodes cannot both be.
struct roster_conflict {
    enum class kind : std::uint8_t {
        own_name,
        same_name,
        same_address,
        wrong_name,
        too_many,
        too_many_slots,
        too_many_zones,
    } what;
    std::string sentence;

    friend bool operator==(const roster_conflict&, const roster_conflict&) = default;
};

class roster {
  public:
    // `self.address` is empty where this node does not know how others reach it.
    explicit roster(member self, roster_rules rules = {});

    // This node's own claims, capacity or draining have changed.
    void set_self(member self);
    [[nodiscard]] const member& self() const { return self_; }

    // A source's whole list.
    void discover(const std::vector<discovered>& all, time_point now);

    // Who is behind an address: the hello of a node that was called there, or any later word of it. False:
    // it is not the node that is meant by the address, and must not be asked for anything.
    bool heard(std::string_view address, const member& said, time_point now);

    // Lets those go whose time has passed; to be called now and then, and costs nothing until then.
    void expire(time_point now);

    // By name. The same until something changes it: `changes` counts.
    [[nodiscard]] const std::vector<member>& members() const { return members_; }
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    // Addresses of which nobody knows yet who is there: to be called.
    [[nodiscard]] std::vector<std::string> unknown() const { return unknown_; }

    // The conflicts that hold now, and how many there have been.
    [[nodiscard]] const std::vector<roster_conflict>& conflicts() const { return conflicts_; }
    [[nodiscard]] std::uint64_t conflicts_seen() const { return conflicts_seen_; }

  private:
    // What a node said of itself.
    struct description {
        member of;
        time_point heard;
        time_point listed;     // until then its address was discovered
        bool by_name = false;  // a source knew it by name: it leaves with its entry
    };
    struct candidate {
        member who;
        bool holds = false;  // was a member before, and has not gone silent
        time_point heard;
    };

    // A list in the making.
    struct gathering {
        std::vector<member> members;
        std::map<std::string, std::string, std::less<>> by_name;     // to the address
        std::map<std::string, std::string, std::less<>> by_address;  // to the name
        std::set<std::string, std::less<>> zones;
        void add(const member& who);
    };

    void rebuild(time_point now);
    [[nodiscard]] std::vector<candidate> candidates(time_point now) const;
    [[nodiscard]] candidate as_candidate(const description& said, time_point now) const;
    void admit(const candidate& c, gathering& into, std::vector<roster_conflict>& found);
    void settle(std::vector<roster_conflict> found);
    void plan(time_point now);
    void learn_own_address();
    [[nodiscard]] const discovered* listed_at(std::string_view address) const;
    [[nodiscard]] bool is_member(std::string_view name, std::string_view address) const;
    [[nodiscard]] bool lingers(const description& said, time_point now) const;

    member self_;
    roster_rules rules_;
    std::vector<discovered> listed_;
    std::map<std::string, std::size_t, std::less<>>
        by_address_;                                        // in listed_; the first of several
    std::map<std::string, description, std::less<>> said_;  // by address
    std::map<std::string, std::string, std::less<>>
        wrong_;  // address -> the name that was said there
    std::vector<member> members_;
    std::vector<std::string> unknown_;
    time_point next_expiry_ = never;
    std::vector<roster_conflict> conflicts_;
    std::uint64_t changes_ = 0;
    std::uint64_t conflicts_seen_ = 0;
};

}  // namespace lode::cluster
