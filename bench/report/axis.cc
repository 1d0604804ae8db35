#include "bench/report/axis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "bench/report/number_text.h"

namespace lode::bench {
namespace {

constexpr double least_positive = 1e-12;
constexpr double ticks_wanted = 5;

std::vector<double> linear_steps(double most) {
    const double rough = most / ticks_wanted;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double times : {5.0, 2.0, 1.0}) {
        if (times * power >= rough * 0.999) step = times * power;
    }
    std::vector<double> at;
    // By counting, because adding steps up would add up what each is rounded by.
    for (int i = 0; i * step < most * 1.0001 || at.size() < 2; ++i) at.push_back(i * step);
    if (at.back() < most) at.push_back(static_cast<double>(at.size()) * step);
    return at;
}

std::vector<double> powers(double least, double most, double base) {
    std::vector<double> at;
    const int first = static_cast<int>(std::ceil(std::log(least) / std::log(base) - 1e-9));
    const int last = static_cast<int>(std::floor(std::log(most) / std::log(base) + 1e-9));
    const int step = std::max(1, (last - first + 8) / 8);
    for (int power = first; power <= last; power += step) at.push_back(std::pow(base, power));
    return at;
}

// Powers of ten, and what lies between them where those alone would be a bare axis.
std::vector<double> decade_steps(double least, double most) {
    std::vector<double> at = powers(least, most, 10);
    if (at.size() >= 3) return at;
    at.clear();
    const double first = std::floor(std::log10(least));
    for (double power = first; power <= std::log10(most); ++power) {
        for (const double times : {1.0, 2.0, 5.0}) {
            const double value = times * std::pow(10, power);
            if (value >= least * 0.999 && value <= most * 1.001) at.push_back(value);
        }
    }
    return at;
}

}  // namespace

double axis::place(double value) const {
    double share = 0;
    if (how == scale::linear) {
        share = (value - least) / (most - least);
    } else {
        share = (std::log(std::max(value, least_positive)) - std::log(least)) /
                (std::log(most) - std::log(least));
    }
    return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
}

axis make_axis(scale how, double least, double most, tick_text text) {
    axis out{.how = how, .least = least, .most = most, .ticks = {}};
    std::vector<double> at;
    if (how == scale::linear) {
        at = linear_steps(std::isfinite(most) && most > 0 ? most : 1);
        out.least = 0;
        out.most = at.back();
    } else {
        out.most = std::isfinite(most) && most > least_positive ? most : 1;
        out.least = std::clamp(least, least_positive, out.most);
        if (out.most < out.least * 1.5) {
            out.least /= 1.5;
            out.most *= 1.5;
        }
        at = how == scale::decades ? decade_steps(out.least, out.most)
                                   : powers(out.least, out.most, 2);
    }
    at.resize(std::min(at.size(), axis_ticks_max));
    for (const double value : at) out.ticks.push_back({value, text(value)});
    return out;
}

std::string plain_tick(double value) {
    if (value >= 1000) return count_text(static_cast<std::uint64_t>(std::llround(value)));
    return fmt::format("{:.3g}", value);
}

std::string time_tick(double seconds) {
    static constexpr std::array<std::pair<double, const char*>, 4> units{
        {{1, "s"}, {1e-3, "ms"}, {1e-6, "\u00b5s"}, {1e-9, "ns"}}};
    for (const auto& [worth, name] : units) {
        if (seconds >= worth * 0.999) return fmt::format("{:.3g} {}", seconds / worth, name);
    }
    return "0";
}

}  // namespace lode::bench
