// engine/runtime/block_device.h
//
// Where chunks persist: a file or a block device, or the simulator's. Transfers are whole or an
// error; a short transfer is an error.
//
//   Core    An instance serves one core; several instances may share the file below.
//   Errors  io with the kernel's errno; unavailable after the device was taken out of service.
//   Limits  Offsets, lengths and memory are multiples of alignment(); a transfer is at most 1 MiB
//           plus one alignment unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"

namespace lode::engine {

// How a core learns that a transfer has ended: the device interrupts, or the core keeps looking.
enum class io_completion : std::uint8_t { interrupt, poll };

class block_device {
  public:
    block_device() = default;
    virtual ~block_device() = default;
    block_device(const block_device&) = delete;
    block_device& operator=(const block_device&) = delete;

    virtual task<result<>> read(device_offset from, std::span<std::byte> into) = 0;
    virtual task<result<>> write(device_offset to, std::span<const std::byte> from) = 0;

    // What was written before is durable afterwards.
    virtual task<result<>> flush() = 0;

    [[nodiscard]] virtual bytes size() const = 0;
    [[nodiscard]] virtual bytes alignment() const = 0;
};

}  // namespace lode::engine
