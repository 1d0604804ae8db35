// engine/store/superblock.h
//
// Decides what to do with a device at start: use it, format it because it is empty, or refuse it in
// one sentence. A device that holds anything else is never written to.
//
//   Core    Any thread, at start; blocks.
//   Errors  A sentence for the operator.
#pragma once

#include <expected>
#include <string>

#include "engine/store/device_backing.h"
#include "engine/store/format.h"

namespace lode::engine {

struct format_wishes {
    std::string node;  // empty: of any node
    format::geometry_wishes cut;
};

[[nodiscard]] std::expected<format::superblock, std::string> open_or_format(
    device_backing& device, const std::string& path, const format_wishes& wishes);

}  // namespace lode::engine
