#include "cluster/slot_claim.h"

#include <algorithm>
#include <map>

#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

// Which slots of a zone somebody claims, and the ways to add to it and to a claim at the same time.
class claimed_slots {
  public:
    claimed_slots() : claimed_(slots_max) {}

    // Of `ranges` what nobody claimed before, `most` slots of it. All of `ranges` is claimed then.
    std::vector<slot_range> add(std::span<const slot_range> ranges, std::uint32_t most) {
        std::vector<slot_range> got;
        for (const slot_range& range : ranges) {
            const std::uint64_t end = std::uint64_t{range.first} + range.count;
            for (std::uint64_t slot = range.first; slot < std::min<std::uint64_t>(end, slots_max);
                 ++slot) {
                if (!claimed_[slot] && most > 0) {
                    append(got, static_cast<std::uint32_t>(slot));
                    --most;
                }
                claimed_[slot] = true;
            }
        }
        return got;
    }

    // The first `count` slots that nobody claims, as far as there are so many.
    std::vector<slot_range> add_lowest(std::uint32_t count) {
        std::vector<slot_range> got;
        for (; count > 0 && lowest_ < slots_max; ++lowest_) {
            if (claimed_[lowest_]) continue;
            claimed_[lowest_] = true;
            append(got, lowest_);
            --count;
        }
        return got;
    }

    static void append(std::vector<slot_range>& to, std::uint32_t slot) {
        if (!to.empty() && to.back().first + to.back().count == slot) {
            ++to.back().count;
        } else {
            to.push_back({.first = slot, .count = 1});
        }
    }

  private:
    std::vector<bool> claimed_;
    std::uint32_t lowest_ = 0;
};

std::uint32_t count_of(std::span<const slot_range> ranges) {
    std::uint32_t count = 0;
    for (const slot_range& range : ranges) count += range.count;
    return count;
}

// Both ascending and apart.
std::vector<slot_range> joined(std::vector<slot_range> a, std::span<const slot_range> b) {
    a.insert(a.end(), b.begin(), b.end());
    std::ranges::sort(a, {}, &slot_range::first);
    std::vector<slot_range> whole;
    for (const slot_range& range : a) {
        if (!whole.empty() && whole.back().first + whole.back().count == range.first) {
            whole.back().count += range.count;
        } else {
            whole.push_back(range);
        }
    }
    return whole;
}

// The count that occurs most often; of several the largest.
std::uint32_t commonest(std::span<const std::uint32_t> counts) {
    std::map<std::uint32_t, std::uint32_t> times;
    for (const std::uint32_t count : counts) ++times[count];
    std::uint32_t best = 1;
    std::uint32_t most = 0;
    for (const auto& [count, n] : times) {
        if (n < most) continue;
        best = count;
        most = n;
    }
    return best;
}

}  // namespace

std::uint32_t slots_for(bytes capacity, bytes slot_unit) {
    LODE_ASSERT(slot_unit > bytes(0));
    const bytes rest = capacity % slot_unit;
    const std::uint64_t rounded = capacity / slot_unit + (rest >= slot_unit - rest ? 1 : 0);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(rounded, 1, slots_per_member_max));
}

std::vector<slot_range> claim_slots(const member& self, std::span<const member> others,
                                    bytes slot_unit) {
    std::vector<const member*> zone = {&self};
    for (const member& other : others) {
        if (other.zone == self.zone && other.name != self.name) zone.push_back(&other);
    }
    std::ranges::sort(zone, {}, &member::name);

    // What an other has too much of is its own to give up; until it does, nobody else has it.
    claimed_slots claimed;
    std::vector<std::vector<slot_range>> kept;
    for (const member* m : zone) {
        const std::uint32_t most = m == &self ? slots_for(m->capacity, slot_unit) : slots_max;
        kept.push_back(claimed.add(m->slots, most));
    }
    for (std::size_t n = 0;; ++n) {
        const std::uint32_t wanted = slots_for(zone[n]->capacity, slot_unit);
        const std::uint32_t got = count_of(kept[n]);
        const auto more = claimed.add_lowest(wanted > got ? wanted - got : 0);
        if (zone[n] == &self) return joined(std::move(kept[n]), more);
    }
}

std::vector<std::vector<slot_range>> claims_of_list(std::span<const listed_member> lines,
                                                    bytes slot_unit) {
    std::map<std::string_view, std::vector<std::uint32_t>> told;
    for (const listed_member& line : lines) {
        auto& counts = told[line.zone];
        if (line.capacity.value_or(bytes(0)) == bytes(0)) continue;
        counts.push_back(slots_for(*line.capacity, slot_unit));
    }
    std::map<std::string_view, std::uint32_t> unless_told;
    for (const auto& [zone, counts] : told) unless_told[zone] = commonest(counts);

    std::map<std::string_view, std::uint32_t> next;
    std::vector<std::vector<slot_range>> claims(lines.size());
    for (std::size_t n = 0; n < lines.size(); ++n) {
        const listed_member& line = lines[n];
        const bytes capacity = line.capacity.value_or(bytes(0));
        const bool tells = capacity > bytes(0);
        const std::uint32_t wanted =
            tells ? slots_for(capacity, slot_unit) : unless_told[line.zone];
        std::uint32_t& first = next[line.zone];
        const std::uint32_t count = std::min(wanted, slots_max - first);
        if (count > 0 && line.capacity != bytes(0)) {
            claims[n] = {{.first = first, .count = count}};
        }
        first += count;
    }
    return claims;
}

}  // namespace lode::cluster
