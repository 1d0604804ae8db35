// cluster/part_map.h
//
// A small memory about some parts, of fixed size: sets of eight entries. In a full set the entry that is
// worth least makes room. Two parts are taken for one with a chance of 2^-64.
//
//   Memory  Taken at start; nothing later.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cluster/mix.h"
#include "engine/base/hash.h"

namespace lode::cluster {

// An Entry is default-constructed when it is about a part that has none yet.
template <class Entry>
class part_map {
  public:
    // `parts` is rounded up to a power of two, 8 at least.
    explicit part_map(std::size_t parts)
        : places_(std::bit_ceil(std::max<std::size_t>(parts, set_size))) {}

    [[nodiscard]] std::size_t capacity() const { return places_.size(); }

    // Null when nothing is known.
    [[nodiscard]] Entry* find(hash128 part) {
        const std::uint64_t tag = tag_of(part);
        for (place& p : set_of(tag)) {
            if (p.tag == tag) return &p.entry;
        }
        return nullptr;
    }
    [[nodiscard]] const Entry* find(hash128 part) const {
        return const_cast<part_map*>(this)->find(part);  // NOLINT: find changes nothing
    }

    // A fresh entry for a part that has none, in place of the one with the least `worth(entry)`.
    template <class Worth>
    Entry& add(hash128 part, const Worth& worth) {
        const std::uint64_t tag = tag_of(part);
        const auto set = set_of(tag);
        const auto last = std::ranges::min_element(set, {}, [&worth](const place& p) {
            return std::pair(p.tag != nobody, worth(p.entry));
        });
        *last = {.tag = tag, .entry = {}};
        return last->entry;
    }

    void erase(hash128 part) {
        const std::uint64_t tag = tag_of(part);
        for (place& p : set_of(tag)) {
            if (p.tag == tag) p = {};
        }
    }

  private:
    static constexpr std::size_t set_size = 8;
    static constexpr std::uint64_t nobody = 0;

    struct place {
        std::uint64_t tag = nobody;
        Entry entry;
    };

    static std::uint64_t tag_of(hash128 part) { return std::max<std::uint64_t>(mix(part), 1); }

    [[nodiscard]] std::span<place> set_of(std::uint64_t tag) {
        const std::size_t sets = places_.size() / set_size;
        return std::span(places_).subspan((tag & (sets - 1)) * set_size, set_size);
    }

    std::vector<place> places_;
};

}  // namespace lode::cluster
