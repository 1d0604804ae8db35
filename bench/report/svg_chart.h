// bench/report/svg_chart.h
//
// Lines over two axes as an inline SVG: no scripts, no colours of its own. Lines carry the classes c0 to c7,
// to which the page gives colours for light and dark. Each line is named at its end, once per label, and
// each point says its figures when it is pointed at.
//
//   Limits   chart_points_max points per line; longer ones are drawn without every n-th.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/axis.h"

namespace lode::bench {

inline constexpr std::size_t chart_points_max = 300;
inline constexpr unsigned chart_colours = 8;

struct chart_point {
    double x = 0;
    double y = 0;
    std::string says;  // shown when pointed at
};

struct chart_line {
    std::string label;
    unsigned colour = 0;  // lines of one endpoint share theirs
    enum class weight : std::uint8_t { strong, faint } drawn = weight::strong;
    enum class marks : std::uint8_t { none, dots } with = marks::none;
    std::vector<chart_point> points;
};

struct line_chart {
    std::string title;
    std::string x_title;
    axis x;
    axis y;
    std::vector<chart_line> lines;
};

[[nodiscard]] std::string draw_lines(const line_chart& of);

// A bar from 1 to the median of a ratio, and a fine line from its least to its most.
struct ratio_bar {
    std::string label;
    unsigned colour = 0;
    double median = 1;
    double least = 1;
    double most = 1;
    std::string text;  // behind the bar: "1.25x"
    std::string says;
    bool noise = false;  // drawn hollow
};

struct bar_group {
    std::string title;  // "requests/s, more is better"
    std::vector<ratio_bar> bars;
};

[[nodiscard]] std::string draw_ratios(std::string_view title, const std::vector<bar_group>& groups);

// Text as HTML and SVG have it: with &, <, > and both quotes spelt out, and without control characters.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace lode::bench
