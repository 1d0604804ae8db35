// frontend/origin/probe_watch.h
//
// Decides which questions about objects that lode does not know also ask for their first bytes. Of those
// about one object that are under way at the same time, in the whole node, one does: the others will
// find a fill, and a thousand clients of one object shall not cost the origin 64 KiB each. And none does
// while most of what is learned proves to be cached already, because a node was restarted or has more
// objects than it remembers versions of: there the bytes would be for nothing.
//
//   Core    One; begin() on the name's home core, the rest on the core that asks.
//   Memory  8 bytes and a node of the set for each question under way.
//   Limits  Two names with the same hash count as one: that costs a round trip.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "engine/base/units.h"
#include "engine/runtime/remote.h"

namespace lode::frontend::origin {

class probe_watch {
  public:
    // The right to ask for first bytes, until it is destroyed, on any core.
    class turn {
      public:
        turn() = default;
        turn(probe_watch& home, core_id core, std::uint64_t name)
            : home_(&home), core_(core), name_(name) {}
        turn(turn&& other) noexcept
            : home_(std::exchange(other.home_, nullptr)), core_(other.core_), name_(other.name_) {}
        turn& operator=(turn&& other) noexcept {
            std::swap(home_, other.home_);
            std::swap(core_, other.core_);
            std::swap(name_, other.name_);
            return *this;
        }
        ~turn() {
            if (home_ == nullptr) return;
            engine::post_to(core_, {.run = &ended, .object = home_, .argument = name_});
        }

        [[nodiscard]] explicit operator bool() const { return home_ != nullptr; }

      private:
        static void ended(void* home, std::uint64_t name) {
            static_cast<probe_watch*>(home)->under_way_.erase(name);
        }

        probe_watch* home_ = nullptr;
        core_id core_;
        std::uint64_t name_ = 0;
    };

    // `name`: a hash. False: somebody asks already.
    [[nodiscard]] bool begin(std::uint64_t name) { return under_way_.insert(name).second; }

    // Whether first bytes were of use more often than not, of late.
    [[nodiscard]] bool worthwhile() const { return in_vain_ < in_vain_max / 2; }

    // An object was learned, and was in the cache already, or otherwise not to be served from it; or not.
    void note(bool in_vain) {
        if (in_vain) in_vain_ = std::min(in_vain_ + 1, in_vain_max);
        if (!in_vain && in_vain_ > 0) --in_vain_;
    }

  private:
    static constexpr int in_vain_max = 16;

    std::unordered_set<std::uint64_t> under_way_;
    int in_vain_ = 0;
};

}  // namespace lode::frontend::origin
