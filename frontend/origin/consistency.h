// frontend/origin/consistency.h
//
// How old the origin's word on a version may be, by bucket and key prefix. Nought, the default, asks
// for every request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"

namespace lode::frontend::origin {

class consistency {
  public:
    struct rule {
        std::string bucket;
        std::string prefix;  // of the key; empty: the whole bucket
        duration max_stale{0};
    };

    explicit consistency(duration max_stale = duration::zero(), std::vector<rule> rules = {});

    // The rule with the longest prefix counts, then the general one.
    [[nodiscard]] duration max_stale(std::string_view bucket, std::string_view key) const;

  private:
    duration max_stale_;
    std::vector<rule> rules_;  // longest prefix first
};

}  // namespace lode::frontend::origin
