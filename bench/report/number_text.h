// bench/report/number_text.h
//
// Numbers as a reader of a measurement wants them: three digits that mean something, thousands set apart,
// the unit that keeps the number short.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::bench {

// The sign of a millionth: terminals align what is one byte wide, pages show the Greek letter.
inline constexpr const char* plain_micro = "u";
inline constexpr const char* greek_micro = "\u00b5";

// "1,234,567".
[[nodiscard]] std::string count_text(std::uint64_t count);

// "12,346", "123", "12.3", "0.0123": whole from a thousand on, else three digits.
[[nodiscard]] std::string figure_text(double value);

// "850 ns", "12.3 us", "1.23 ms", "45.6 s".
[[nodiscard]] std::string time_text(duration time, const char* micro = plain_micro);

// In decimal units: "512 B", "8.39 MB".
[[nodiscard]] std::string size_text(bytes size);

// "99.1 %"; "<0.1 %" for less than that but not nothing.
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t whole);

}  // namespace lode::bench
