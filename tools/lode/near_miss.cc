#include "tools/lode/near_miss.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace lode::tools {
namespace {

constexpr std::size_t distance_max = 2;
constexpr std::size_t word_max = 32;  // longer than every name that we know, plus the distance

// Damerau's distance in its restricted form (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::array<std::size_t, word_max + 1>, word_max + 1> cost{};
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> near_miss(std::string_view word,
                                          std::span<const std::string_view> known) {
    std::optional<std::string_view> nearest;
    std::size_t least = distance_max + 1;
    for (const std::string_view candidate : known) {
        if (word.size() > word_max || candidate.size() > word_max) continue;
        const std::size_t far = distance(word, candidate);
        if (far >= least || far * 2 > candidate.size()) continue;
        least = far;
        nearest = candidate;
    }
    return nearest;
}

}  // namespace lode::tools
