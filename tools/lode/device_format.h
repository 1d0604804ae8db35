// tools/lode/device_format.h
//
// `lode format`: a file or a block device becomes an empty cache, if it is empty already or if
// somebody insists. What is refused is left as it was, its size included.
//
//   Errors  A sentence for the operator.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "engine/base/units.h"
#include "engine/store/superblock.h"

namespace lode::tools {

struct format_request {
    std::string path;
    bytes size;                // 0: what the device has
    std::string node;          // empty: of any node
    bytes slab_size;           // of data; 0: by the size of the device
    std::uint32_t shards = 0;  // 0: by the size of the device
    engine::overwriting what = engine::overwriting::nothing;
};

[[nodiscard]] std::expected<engine::format::superblock, std::string> format_path(
    const format_request& r);

[[nodiscard]] std::string print_formatted(const std::string& path,
                                          const engine::format::superblock& made);

}  // namespace lode::tools
