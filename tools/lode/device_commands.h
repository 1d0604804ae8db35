// tools/lode/device_commands.h
//
// The commands of `lode` that look at a device or prepare one, without a running lode. Answers go to
// standard output, complaints to standard error.
//
//   Errors  The exit code: 0 done; 1 the device cannot be read, is no cache, or is refused;
//           3 verified, and chunks are damaged or unreadable.
#pragma once

#include <cstdint>
#include <string>

#include "tools/lode/device_format.h"
#include "tools/lode/device_report.h"
#include "tools/lode/written_for.h"

namespace lode::tools {

[[nodiscard]] int run_inspect(const std::string& path, verified chunks, written_for whom);

[[nodiscard]] int run_format(const format_request& r);

}  // namespace lode::tools
