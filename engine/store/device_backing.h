// engine/store/device_backing.h
//
// One cache device of the node before any core runs: its superblock is read and written here, and
// each core gets its own block_device over it.
//
//   Core    Any thread, at start or offline. read() and write() block.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/block_device.h"

namespace lode::engine {

struct device_options {
    std::string path;   // a file, created with `size`, or a block device
    bytes size;         // 0: all of it
    bytes write_limit;  // bytes per second that it takes, over all cores; 0: as many as come
    io_completion completion = io_completion::interrupt;
};

class device_backing {
  public:
    device_backing() = default;
    virtual ~device_backing() = default;
    device_backing(const device_backing&) = delete;
    device_backing& operator=(const device_backing&) = delete;

    // Offsets, lengths and memory are multiples of alignment().
    virtual result<> read(device_offset from, std::span<std::byte> into) = 0;
    // Durable when it returns.
    virtual result<> write(device_offset to, std::span<const std::byte> from) = 0;

    // Until reserve(), what is there; then at least what was asked for. no_space: that is not to be
    // had.
    [[nodiscard]] virtual bytes size() const = 0;
    [[nodiscard]] virtual result<> reserve() { return {}; }
    [[nodiscard]] virtual bytes alignment() const = 0;

    // Of one that is only looked at: whether a process has it for its own at this moment.
    [[nodiscard]] virtual bool in_use() const { return false; }

    // Called on the core that will use it.
    [[nodiscard]] virtual std::unique_ptr<block_device> on_core(core_id core) = 0;
};

// A file or a block device, locked against other processes. A file grows only in reserve(): whoever
// refuses it leaves it as it was.
[[nodiscard]] std::expected<std::unique_ptr<device_backing>, std::string> open_file_backing(
    const device_options& o);

// The same, only to be looked at: nothing is created, grown or locked, and a lode that uses it is not
// disturbed. The kernel refuses to write().
[[nodiscard]] std::expected<std::unique_ptr<device_backing>, std::string> view_file_backing(
    const std::string& path);

}  // namespace lode::engine
