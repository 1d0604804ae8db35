#include "bench/report/grid.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace lode::bench {
namespace {

constexpr std::string_view gap = "  ";

// Characters of UTF-8, near enough to columns for labels.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool says_nothing(const std::string& cell) { return cell.empty() || cell == "-"; }

}  // namespace

std::string shortened(const std::string& label) {
    if (label.size() <= first_column_max) return label;
    const std::size_t half = (first_column_max - 2) / 2;
    return label.substr(0, half) + ".." + label.substr(label.size() - half);
}

grid grid::without_empty_columns() const {
    grid out;
    out.rows.resize(rows.size());
    for (std::size_t column = 0; column < head.size(); ++column) {
        const auto empty = [&](const cells& row) { return says_nothing(row[column]); };
        if (column > 0 && std::ranges::all_of(rows, empty)) continue;
        out.head.push_back(head[column]);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            out.rows[row].push_back(rows[row][column]);
        }
    }
    return out;
}

std::string print_grid(const grid& of) {
    std::vector<std::size_t> widths(of.head.size(), 0);
    const auto measure = [&](const cells& row) {
        LODE_ASSERT(row.size() == widths.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::size_t width = width_of(i == 0 ? shortened(row[i]) : row[i]);
            widths[i] = std::max(widths[i], width);
        }
    };
    measure(of.head);
    std::ranges::for_each(of.rows, measure);

    std::string out;
    const auto print = [&](const cells& row) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string cell = i == 0 ? shortened(row[i]) : row[i];
            const std::string blanks(widths[i] - width_of(cell), ' ');
            line += i == 0 ? fmt::format("{}{}", cell, blanks)
                           : fmt::format("{}{}{}", gap, blanks, cell);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    print(of.head);
    std::ranges::for_each(of.rows, print);
    return out;
}

}  // namespace lode::bench
