// bench/report/grid.h
//
// Cells in columns that are as wide as their widest cell: the first column to the left, the others, which
// are numbers, to the right.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lode::bench {

using cells = std::vector<std::string>;

struct grid {
    cells head;
    std::vector<cells> rows;

    // Leaves out the columns in which no row says anything ("" or "-").
    [[nodiscard]] grid without_empty_columns() const;
};

inline constexpr std::size_t first_column_max = 18;

// A label that is longer than the first column may be loses its middle.
[[nodiscard]] std::string shortened(const std::string& label);

[[nodiscard]] std::string print_grid(const grid& of);

}  // namespace lode::bench
