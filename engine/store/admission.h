// engine/store/admission.h
//
// Which chunks are worth a write to a device. A training run that reads everything once would wear
// the drives out for nothing; with the second-hit rule a chunk is written when somebody asks for it
// again, be it still in memory or brought from the origin another time. Pure.
//
//   Core      One.
//   Memory    4 bytes per chunk that can be remembered, at start; none with the other rule.
//   Limits    Of two chunks that fall on the same place the later one is remembered. A chunk is taken
//             for another one with a chance of 2^-32.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/hash.h"
#include "engine/store/store_options.h"

namespace lode::engine {

class admission {
  public:
    // `chunks` is how many chunks that were asked for once should be remembered, about.
    admission(store_options::admission_rule rule, std::uint64_t chunks) {
        if (rule == store_options::admission_rule::second_hit) {
            tags_.resize(std::bit_ceil(std::max<std::uint64_t>(chunks, 1024)));
        }
    }

    // A chunk arrived from the origin. Remembers it.
    [[nodiscard]] bool admits_on_arrival(hash128 part, std::uint32_t chunk) {
        if (tags_.empty()) return true;
        const std::uint64_t name = part.low + chunk * 0x9e37'79b9'7f4a'7c15U;
        const auto tag = static_cast<std::uint32_t>(name >> 32U) | 1U;  // 0 is nobody's
        std::uint32_t& place = tags_[(name ^ part.high) & (tags_.size() - 1)];
        return std::exchange(place, tag) == tag;
    }

    // A chunk in memory, and on no device, has been asked for so many times.
    [[nodiscard]] bool admits_when_asked(unsigned times) const {
        return !tags_.empty() && times == 2;
    }

  private:
    std::vector<std::uint32_t> tags_;
};

}  // namespace lode::engine
