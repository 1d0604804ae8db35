#include "bench/report/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace lode::bench {
namespace {

struct unit {
    double worth;
    const char* before;
};

// The largest unit of which there is at least one, after rounding to three digits.
template <std::size_t N>
const unit& fitting(double value, const std::array<unit, N>& descending) {
    const auto fits = [&](const unit& u) { return value >= u.worth * 0.9995; };
    const auto found = std::ranges::find_if(descending, fits);
    return found == descending.end() ? descending.back() : *found;
}

}  // namespace

std::string count_text(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string figure_text(double value) {
    if (!std::isfinite(value)) return "-";
    if (value < 0) return "-" + figure_text(-value);
    if (value >= 999.5) return count_text(static_cast<std::uint64_t>(std::llround(value)));
    if (value == 0) return "0";
    // 9.996 has one digit before the point as it stands and two as it is written.
    const int before = static_cast<int>(std::floor(std::log10(value * (1 + 0.0005)))) + 1;
    return fmt::format("{:.{}f}", value, std::clamp(3 - before, 0, 9));
}

std::string time_text(duration time, const char* micro) {
    const double ns = static_cast<double>(time.count());
    const std::array<unit, 4> units{{{1e9, " s"}, {1e6, " ms"}, {1e3, nullptr}, {1, " ns"}}};
    const unit& u = fitting(ns, units);
    const std::string number = figure_text(ns / u.worth);
    return u.before != nullptr ? number + u.before : fmt::format("{} {}s", number, micro);
}

std::string size_text(bytes size) {
    static constexpr std::array<unit, 5> units{
        {{1e12, " TB"}, {1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}, {1, " B"}}};
    const double count = static_cast<double>(size.count());
    const unit& u = fitting(count, units);
    return figure_text(count / u.worth) + u.before;
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
    if (part == 0 || whole == 0) return "0 %";
    if (part == whole) return "100 %";
    const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    if (percent < 0.1) return "<0.1 %";
    return percent > 99.9 ? ">99.9 %" : fmt::format("{:.1f} %", percent);
}

}  // namespace lode::bench
