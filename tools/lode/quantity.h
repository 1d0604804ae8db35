// tools/lode/quantity.h
//
// Sizes and durations as people write them: "4GiB", "500ms". A whole number and a unit, nothing
// between them. Printing chooses the largest unit that loses nothing, so that what is printed reads
// back as the same value.
//
//   Errors   nullopt for anything else: no unit, a fraction, a sign, a value beyond 64 bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::tools {

// B; KiB, MiB, GiB, TiB, PiB in steps of 1,024; kB, KB, MB, GB, TB, PB in steps of 1,000.
[[nodiscard]] std::optional<bytes> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(bytes size);

// For people: "1.5GiB", at most one digit behind the point.
[[nodiscard]] std::string approximate_size(bytes size);

// ms, s, m, h. A configuration knows nothing shorter than a millisecond.
[[nodiscard]] std::optional<duration> parse_duration(std::string_view text);
[[nodiscard]] std::string print_duration(duration time);

}  // namespace lode::tools
