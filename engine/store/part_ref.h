// engine/store/part_ref.h
//
// A part as its home's index numbers it: valid while the part is in the index.
#pragma once

#include <cstdint>
#include <limits>

#include "engine/base/units.h"

namespace lode::engine {

using part_ref = id<struct part_ref_tag>;

inline constexpr part_ref no_part{std::numeric_limits<std::uint32_t>::max()};

}  // namespace lode::engine
