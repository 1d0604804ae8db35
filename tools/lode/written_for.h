// tools/lode/written_for.h
//
// Who reads what a command prints: a table for people, JSON for programs.
#pragma once

#include <cstdint>

namespace lode::tools {

enum class written_for : std::uint8_t { people, programs };

}  // namespace lode::tools
