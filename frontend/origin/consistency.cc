#include "frontend/origin/consistency.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace lode::frontend::origin {

consistency::consistency(duration max_stale, std::vector<rule> rules)
    : max_stale_(max_stale), rules_(std::move(rules)) {
    std::ranges::sort(rules_, std::greater(), [](const rule& r) { return r.prefix.size(); });
}

duration consistency::max_stale(std::string_view bucket, std::string_view key) const {
    for (const rule& r : rules_) {
        if (r.bucket == bucket && key.starts_with(r.prefix)) return r.max_stale;
    }
    return max_stale_;
}

}  // namespace lode::frontend::origin
