// engine/store/superblock.h
//
// What stands at the edges of a device, and what may be done about it: use it, format it because it
// is empty or because somebody insists, or refuse it in one sentence. A device that holds anything
// else is never written to unless that was asked for in so many words.
//
//   Core    Any thread, at start or offline; blocks.
//   Errors  A sentence for the operator.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "engine/store/device_backing.h"
#include "engine/store/format.h"

namespace lode::engine {

struct format_wishes {
    std::string node;  // empty: of any node
    format::geometry_wishes cut;
};

// Both copies, as they are on the device. not_found: something else is there; corrupt: a damaged
// copy; unavailable: of a newer format.
struct superblock_copies {
    result<format::superblock> first = fail(errc::not_found);
    result<format::superblock> second = fail(errc::not_found);

    [[nodiscard]] bool either(errc code) const;
    // The one that counts; null when neither can be used.
    [[nodiscard]] const format::superblock* usable() const;
};

[[nodiscard]] result<superblock_copies> read_superblocks(device_backing& device);

[[nodiscard]] std::expected<format::superblock, std::string> open_or_format(
    device_backing& device, const std::string& path, const format_wishes& wishes);

// A sentence about what makes a device not empty; nullopt when its first and last MiB are zero.
[[nodiscard]] std::optional<std::string> occupant(device_backing& device, const std::string& path);

// What a format may destroy.
enum class overwriting : std::uint8_t { nothing, everything };

// Makes an empty cache. What another superblock said is void afterwards, and with it every slab of
// the old device: headers and descriptors name the device they belong to, and this is a new one.
[[nodiscard]] std::expected<format::superblock, std::string> format_device(
    device_backing& device, const std::string& path, const format_wishes& wishes, overwriting what);

}  // namespace lode::engine
