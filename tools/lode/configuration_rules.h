// tools/lode/configuration_rules.h
//
// What settings may not say together, although each alone is fine. Pure: the rules look at values,
// not at the host.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/settings.h"

namespace lode::tools {

struct conflict {
    std::string_view key;    // "limits.uri": the one to blame
    std::string_view other;  // "limits.head": the one that it does not go with
    std::size_t row;         // of a key that may stand several times; else zero
    std::string text;        // "expected ..., got ..."
};

[[nodiscard]] std::vector<conflict> find_conflicts(const frontend::settings& s);

}  // namespace lode::tools
