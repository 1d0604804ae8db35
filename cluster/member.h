// cluster/member.h
//
// What the nodes of a cluster know of each other. A member keeps its slots as long as it is a member, and
// over restarts, whatever state it is in: a node that is down moves nothing.
//
//   Limits  members_max in a cluster, of zones_max zones; slots_max in a zone, slots_per_member_max of each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/units.h"

namespace lode::cluster {

inline constexpr std::uint32_t members_max = 16'384;
inline constexpr std::uint32_t slots_max = 1U << 22U;
inline constexpr std::uint32_t slots_per_member_max = 1U << 16U;  // 4 PiB of cache
// A zone's table may take 8 MiB, which whoever claims its last slot decides.
inline constexpr std::uint32_t zones_max = 64;

// A member's place in the list of members of one view. It means nothing in another view.
using member_index = id<struct member_tag, std::uint16_t>;

// Slots first, first + 1, ... of the zone's table.
struct slot_range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;

    friend bool operator==(const slot_range&, const slot_range&) = default;
};

struct member {
    std::string name;               // unique in the cluster
    std::string address;            // of its peer port: "10.0.0.7:9001"
    std::string zone;               // parts are placed among the members of one zone
    bytes capacity;                 // of its cache; its share of the parts is proportional
    std::vector<slot_range> slots;  // ascending and apart; empty: it has claimed none yet
    bool draining = false;          // leaves soon: asked last

    friend bool operator==(const member&, const member&) = default;
};

}  // namespace lode::cluster
