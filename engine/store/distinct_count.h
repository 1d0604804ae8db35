// engine/store/distinct_count.h
//
// How many different ids were seen, in bounded memory: exactly up to a bound, beyond it by counting
// only those whose hash begins with enough zero bits (Wegman's adaptive sampling; Flajolet 1990).
//
//   Memory  About 40 bytes per id kept.
//   Limits  Beyond the bound, the figure is off by about 1 / sqrt(kept_max / 2): 0.3% for 262,144.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>

#include "engine/base/hash.h"

namespace lode::engine {

class distinct_count {
  public:
    explicit distinct_count(std::size_t kept_max) : kept_max_(kept_max) {}

    void add(hash128 seen) {
        // Ids are hashes themselves, but some of their bits choose device and shard.
        const std::uint64_t mixed = xxh3_64(std::as_bytes(std::span(&seen, 1)));
        if (!counted(mixed)) return;
        kept_.insert(mixed);
        while (kept_.size() > kept_max_) {
            ++level_;
            std::erase_if(kept_, [this](std::uint64_t m) { return !counted(m); });
        }
    }

    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{kept_.size()} << level_; }
    [[nodiscard]] bool exact() const { return level_ == 0; }

  private:
    [[nodiscard]] bool counted(std::uint64_t mixed) const {
        return level_ == 0 || mixed >> (64U - level_) == 0;
    }

    std::size_t kept_max_;
    unsigned level_ = 0;
    std::unordered_set<std::uint64_t> kept_;
};

}  // namespace lode::engine
