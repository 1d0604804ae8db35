// tests/cluster/zone.h
//
// Members and parts to try placement with.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/member.h"
#include "cluster/slot_claim.h"
#include "cluster/view.h"
#include "engine/base/random.h"

namespace lode::cluster {

constexpr bytes unit = default_slot_unit;

// Its name tells its number, and sorts like it.
inline member numbered(std::uint32_t number, std::vector<slot_range> slots) {
    const std::string name = std::to_string(100'000 + number);
    return {.name = "node-" + name,
            .address = "10.0.0.1:" + name,
            .capacity = unit,
            .slots = std::move(slots)};
}

// Members 0, 1, ... with so many slots each, one after the other.
inline std::vector<member> members_with(std::span<const std::uint32_t> slots) {
    std::vector<member> members;
    std::uint32_t first = 0;
    for (const std::uint32_t count : slots) {
        const auto number = static_cast<std::uint32_t>(members.size());
        members.push_back(numbered(number, {{.first = first, .count = count}}));
        members.back().capacity = count * unit;
        first += count;
    }
    return members;
}

inline std::vector<member> equal_members(std::uint32_t count) {
    return members_with(std::vector<std::uint32_t>(count, 1));
}

inline slot_table table_of(std::span<const member> by_name) { return {by_name, ""}; }

inline hash128 any_part(lode::random& random) {
    const std::uint64_t high = random.next();
    return {.high = high, .low = random.next()};
}

}  // namespace lode::cluster
