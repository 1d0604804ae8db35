// The bars of svg_chart.h: ratios on a logarithmic line, so that half and double are as long.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "bench/report/svg_chart.h"

namespace lode::bench {
namespace {

constexpr double bars_width = 960;
constexpr double names_width = 230;
constexpr double figures_width = 70;
constexpr double bar_height = 13;
constexpr double bar_step = 19;
constexpr double group_gap = 12;
constexpr double top_room = 40;
constexpr double widest_ratio = 64;

std::string ratio_tick(double value) {
    return value >= 1 ? fmt::format("{:g}x", value) : fmt::format("1/{:g}x", 1 / value);
}

// As far to either side of 1, so that 1 is the middle of the picture.
axis ratio_axis(const std::vector<bar_group>& groups) {
    double farthest = 1.25;
    for (const bar_group& group : groups) {
        for (const ratio_bar& bar : group.bars) {
            for (const double ratio : {bar.least, bar.most}) {
                if (ratio > 0) farthest = std::max({farthest, ratio, 1 / ratio});
            }
        }
    }
    farthest = std::min(farthest, widest_ratio) * 1.02;
    axis out = make_axis(scale::doublings, 1 / farthest, farthest, ratio_tick);
    if (farthest < 2) {
        out.ticks.clear();
        for (const double at : {0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5}) {
            if (at >= out.least && at <= out.most)
                out.ticks.push_back({at, fmt::format("{:g}x", at)});
        }
    }
    return out;
}

struct bars_frame {
    axis ratios;

    [[nodiscard]] double x(double ratio) const {
        return names_width + ratios.place(ratio) * (bars_width - names_width - figures_width);
    }
};

std::string draw_bar(const bars_frame& in, const ratio_bar& bar, double y) {
    const double one = in.x(1);
    const double median = in.x(bar.median);
    const double middle = y + bar_height / 2;
    const unsigned colour = bar.colour % chart_colours;
    std::string out = fmt::format(R"(<text x="{}" y="{:.1f}" class="name end t{}">{}</text>)",
                                  names_width - 12, middle + 4, colour, escaped(bar.label));
    out += fmt::format(
        R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" class="bar c{}{}"><title>{}</title></rect>)",
        std::min(one, median), y, std::max(std::abs(median - one), 1.0), bar_height, colour,
        bar.noise ? " hollow" : "", escaped(bar.says));
    out += fmt::format(R"(<line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" class="whisker"/>)",
                       in.x(bar.least), in.x(bar.most), middle, middle);
    out += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="figure">{}</text>)",
                       std::max({in.x(bar.most), median, one}) + 6, middle + 4, escaped(bar.text));
    return out + "\n";
}

}  // namespace

std::string draw_ratios(std::string_view title, const std::vector<bar_group>& groups) {
    const bars_frame in{ratio_axis(groups)};
    std::string inner;
    double y = top_room;
    for (const bar_group& group : groups) {
        inner += fmt::format(R"(<text x="0" y="{:.1f}" class="tick">{}</text>)", y + bar_height - 2,
                             escaped(group.title));
        for (const ratio_bar& bar : group.bars) {
            inner += draw_bar(in, bar, y);
            y += bar_step;
        }
        y += group_gap;
    }
    std::string rules;
    for (const auto& [at, text] : in.ratios.ticks) {
        const double x = in.x(at);
        rules += fmt::format(R"(<line x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{:.1f}" class="{}"/>)", x,
                             x, top_room - 8, y - group_gap, at == 1 ? "floor" : "rule");
        rules += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="tick middle">{}</text>)", x,
                             y + 6, text);
    }
    return fmt::format(
        "<svg viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" height=\"{1:.0f}\" "
        "role=\"img\" aria-label=\"{2}\">\n"
        "<text x=\"0\" y=\"14\" class=\"title\">{2}</text>\n{3}\n{4}</svg>\n",
        bars_width, y + 12, escaped(title), rules, inner);
}

}  // namespace lode::bench
