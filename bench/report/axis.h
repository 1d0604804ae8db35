// bench/report/axis.h
//
// Where values stand on a line, and which of them are named. Ticks are numbers that people count in: 1, 2
// or 5 times a power of ten on a linear axis, powers of ten (and 2 and 5, where few) or powers of two on a
// logarithmic one.
//
//   Invariants  least < most; on logarithmic axes least > 0.
//   Limits      at most axis_ticks_max ticks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lode::bench {

inline constexpr std::size_t axis_ticks_max = 12;

enum class scale : std::uint8_t { linear, decades, doublings };

struct tick {
    double at = 0;
    std::string text;
};

struct axis {
    scale how = scale::linear;
    double least = 0;
    double most = 1;
    std::vector<tick> ticks;

    // From 0, at `least`, to 1, at `most`; what lies outside is put on the nearer end.
    [[nodiscard]] double place(double value) const;
};

using tick_text = std::string (*)(double value);

// An axis on which least and most have their places. A linear one begins at zero; where values leave no
// room between them, or a logarithmic one is given nothing positive, it takes what room it needs.
[[nodiscard]] axis make_axis(scale how, double least, double most, tick_text text);

// "0.5", "20", "1,000".
[[nodiscard]] std::string plain_tick(double value);

// Of seconds: "100 us" with the Greek letter, "5 ms", "2 s".
[[nodiscard]] std::string time_tick(double seconds);

}  // namespace lode::bench
