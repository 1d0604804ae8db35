// tools/lode/small_file.h
//
// Reads a file that people wrote, whole. Blocks.
//
//   Errors   too_large beyond the limit; io with the errno of what the kernel refused.
#pragma once

#include <string>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace lode::tools {

[[nodiscard]] result<std::string> read_small_file(const std::string& path, bytes most);

}  // namespace lode::tools
