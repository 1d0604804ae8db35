// engine/runtime/simulated_device.h
//
// A block device in memory that misbehaves on request: slow, failing, forgetful, and at a crash
// torn at any sector. What it did is decided by the simulation's seed alone.
//
//   Core        One simulation. The disk (what survives a crash) outlives the devices opened on it.
//   Invariants  A write that flush() covered survives a crash whole. Any other may survive whole,
//               in part (cut at a multiple of 512 bytes) or not at all.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/runtime/block_device.h"

namespace lode::engine {

class simulated_disk {
  public:
    static constexpr std::uint64_t sector = 512;

    explicit simulated_disk(bytes size) : size_(size) {}

    // Power fails: of the writes that no flush has covered, chance decides what reached the medium.
    void crash(random& chance);

    // Flips one bit at rest.
    void flip_bit(device_offset at, unsigned bit);

    [[nodiscard]] bytes size() const { return size_; }

  private:
    friend class simulated_device;

    struct write_record {
        device_offset at;
        std::vector<std::byte> before;
        std::vector<std::byte> after;
    };

    void load(device_offset from, std::span<std::byte> into) const;
    void store(device_offset to, std::span<const std::byte> from);

    bytes size_;
    std::unordered_map<std::uint64_t, std::array<std::byte, sector>> sectors_;
    std::vector<write_record> unflushed_;
};

// Each is "one in n operations"; 0 is never.
struct device_faults {
    std::uint64_t read_error = 0;         // EIO
    std::uint64_t write_error = 0;        // EIO, part of the data written
    std::uint64_t read_bit_flip = 0;      // one wrong bit in what is read
    std::uint64_t lost_write = 0;         // says yes, does nothing
    std::uint64_t misdirected_write = 0;  // lands on another aligned place
    std::uint64_t stall = 0;              // takes `stall_time`
    duration stall_time = std::chrono::seconds(5);
};

class simulated_device final : public block_device {
  public:
    explicit simulated_device(simulated_disk& disk, device_faults f = {})
        : disk_(disk), faults_(f) {}

    task<result<>> read(device_offset from, std::span<std::byte> into) override;
    task<result<>> write(device_offset to, std::span<const std::byte> from) override;
    task<result<>> flush() override;
    [[nodiscard]] bytes size() const override { return disk_.size(); }
    [[nodiscard]] bytes alignment() const override { return bytes(4096); }

    void set_faults(device_faults f) { faults_ = f; }
    // From now on every operation fails, as if the device had been pulled out.
    void pull_out() { gone_ = true; }

  private:
    [[nodiscard]] duration service_time(std::size_t length) const;

    simulated_disk& disk_;
    device_faults faults_;
    bool gone_ = false;
};

}  // namespace lode::engine
