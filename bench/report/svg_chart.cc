#include "bench/report/svg_chart.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

namespace lode::bench {
namespace {

// In the SVG's own units, which are pixels where the page is wide enough.
constexpr double chart_width = 480;
constexpr double chart_height = 262;
constexpr double left_margin = 58;
constexpr double right_margin = 104;  // the lines' names
constexpr double top_margin = 34;
constexpr double bottom_margin = 42;
constexpr double line_height = 13;
constexpr double text_drop = 4;  // from a text's middle to its baseline
constexpr double reach = 6;      // how near a point is pointed at
constexpr std::size_t label_max = 16;

struct frame {
    const line_chart& of;

    [[nodiscard]] double x(double value) const {
        return left_margin + of.x.place(value) * (chart_width - left_margin - right_margin);
    }
    [[nodiscard]] double y(double value) const {
        return chart_height - bottom_margin -
               of.y.place(value) * (chart_height - top_margin - bottom_margin);
    }
};

std::string text_at(double x, double y, std::string_view style, std::string_view text) {
    return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>)", x, y, style,
                       escaped(text));
}

std::string opening(double wide, double high, std::string_view title) {
    return fmt::format(
        "<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" "
        "aria-label=\"{2}\">\n",
        wide, high, escaped(title));
}

std::string draw_axes(const frame& in) {
    std::string out;
    const double right_end = chart_width - right_margin;
    for (const auto& [at, text] : in.of.y.ticks) {
        const double y = in.y(at);
        out += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="rule"/>)",
                           left_margin, right_end, y, y);
        out += text_at(left_margin - 7, y + text_drop, "tick end", text);
    }
    const double floor = chart_height - bottom_margin;
    out += fmt::format(R"(<line x1="{}" x2="{}" y1="{}" y2="{}" class="floor"/>)", left_margin,
                       right_end, floor, floor);
    for (const auto& [at, text] : in.of.x.ticks) {
        const double x = in.x(at);
        out += fmt::format(R"(<line x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}" class="floor"/>)", x, x,
                           floor, floor + 4);
        out += text_at(x, floor + 17, "tick middle", text);
    }
    out += text_at((left_margin + right_end) / 2, chart_height - 6, "tick middle", in.of.x_title);
    return out + "\n";
}

// Every n-th point, and always the last: a line of a day must not be a page of a gigabyte.
std::vector<const chart_point*> thinned(const std::vector<chart_point>& points) {
    const std::size_t step = (points.size() + chart_points_max - 1) / chart_points_max;
    std::vector<const chart_point*> out;
    for (std::size_t i = 0; i < points.size(); i += std::max<std::size_t>(step, 1)) {
        out.push_back(&points[i]);
    }
    if (!points.empty() && out.back() != &points.back()) out.back() = &points.back();
    return out;
}

std::string draw_line(const frame& in, const chart_line& line) {
    const bool faint = line.drawn == chart_line::weight::faint;
    const std::string colour = fmt::format("c{}", line.colour % chart_colours);
    const auto points = thinned(line.points);
    std::string path;
    for (const chart_point* p : points) {
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", in.x(p->x), in.y(p->y));
    }
    std::string out =
        fmt::format(R"(<path d="{}" class="line {}{}"/>)", path, colour, faint ? " faint" : "");
    for (const chart_point* p : points) {
        if (line.with == chart_line::marks::dots || points.size() == 1) {
            out += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.6" class="dot {}"/>)",
                               in.x(p->x), in.y(p->y), colour);
        }
        if (!p->says.empty()) {
            out += fmt::format(
                R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="near"><title>{}</title></circle>)",
                in.x(p->x), in.y(p->y), reach, escaped(p->says));
        }
    }
    return out + "\n";
}

struct name_tag {
    std::string text;
    unsigned colour = 0;
    double y = 0;
};

std::string cut(const std::string& text) {
    if (text.size() <= label_max) return text;
    std::size_t end = label_max - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "\u2026";
}

// One for each label, where its last strong line ends; pushed apart, first down and then back up from
// the floor.
std::vector<name_tag> name_tags(const frame& in) {
    std::vector<name_tag> tags;
    for (const chart_line& line : in.of.lines) {
        if (line.points.empty() || line.label.empty()) continue;
        const double y = in.y(line.points.back().y);
        const auto same = [&](const name_tag& t) { return t.text == line.label; };
        const auto known = std::ranges::find_if(tags, same);
        if (known == tags.end()) {
            tags.push_back({line.label, line.colour, y});
        } else if (line.drawn == chart_line::weight::strong) {
            known->y = y;
        }
    }
    std::ranges::sort(tags, {}, &name_tag::y);
    for (std::size_t i = 1; i < tags.size(); ++i) {
        tags[i].y = std::max(tags[i].y, tags[i - 1].y + line_height);
    }
    double below = chart_height - bottom_margin + line_height;
    for (auto& tag : std::views::reverse(tags)) {
        tag.y = std::min(tag.y, below - line_height);
        below = tag.y;
    }
    return tags;
}

std::string draw_tags(const frame& in) {
    std::string out;
    for (const name_tag& tag : name_tags(in)) {
        out += text_at(chart_width - right_margin + 7, tag.y + text_drop,
                       fmt::format("name t{}", tag.colour % chart_colours), cut(tag.text));
    }
    return out + "\n";
}

}  // namespace

std::string draw_lines(const line_chart& of) {
    const frame in{of};
    std::string out = opening(chart_width, chart_height, of.title);
    out += text_at(0, 14, "title", of.title) + "\n";
    out += draw_axes(in);
    for (const chart_line& line : of.lines) out += draw_line(in, line);
    return out + draw_tags(in) + "</svg>\n";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
        }
    }
    return out;
}

}  // namespace lode::bench
