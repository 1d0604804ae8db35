// tests/sim/seeds.h
//
// Which lives a simulation lives: the one of LODE_SIM_SEED, else the first so many, by default or as
// LODE_SIM_SEEDS says.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace lode {

struct seed_range {
    std::uint64_t first;
    std::uint64_t last;
};

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline seed_range seeds_to_live(std::uint64_t by_default) {
    const std::uint64_t only = number_from("LODE_SIM_SEED", 0);
    if (only != 0) return {.first = only, .last = only};
    return {.first = 1, .last = number_from("LODE_SIM_SEEDS", by_default)};
}

}  // namespace lode
