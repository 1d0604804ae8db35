// engine/runtime/simulated_device.h
//
// A block device in memory that misbehaves on request: slow, failing, forgetful, hanging, and at
// a crash torn at any sector. What it did is decided by the simulation's seed alone.
//
//   Core        One simulation. The disk (what survives a crash) outlives the devices opened on it.
//   Invariants  A write that flush() covered survives a crash whole. Any other may survive whole,
//               in part (cut at a multiple of 512 bytes) or not at all.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/runtime/block_device.h"
#include "engine/runtime/wait_list.h"

namespace lode::engine {

class simulated_disk {
  public:
    static constexpr std::uint64_t sector = 512;

    explicit simulated_disk(bytes size) : size_(size) {}

    // Power fails: of the writes that no flush has covered, chance decides what reached the medium.
    void crash(random& chance);

    struct unflushed_write {
        device_offset at;
        bytes length;

        friend bool operator==(const unflushed_write&, const unflushed_write&) = default;
    };

    // The writes that no flush has covered, the oldest first.
    [[nodiscard]] std::vector<unflushed_write> unflushed() const;

    // Of one unflushed write (0 is the last) only the first sectors reached the medium; every other
    // one is as it was. That write is unflushed no longer, so that a further call sees one less:
    // tear(0, 0) loses the last write, and tear(0, n) then cuts the one before.
    void tear(std::size_t from_the_end, std::uint64_t sectors_kept);

    // What is at rest, at any offset: without time, faults, or the need for a flush.
    void peek(device_offset from, std::span<std::byte> into) const;
    void poke(device_offset to, std::span<const std::byte> from);
    void flip_bit(device_offset at, unsigned bit);

    [[nodiscard]] bytes size() const { return size_; }

  private:
    friend class simulated_device;

    struct write_record {
        device_offset at;
        std::vector<std::byte> before;
        std::vector<std::byte> after;
    };

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
    std::uint64_t hang = 0;  // ends only when it is released, with EIO and nothing done
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

    // Each of these releases what hangs.
    void release() { hanging_.notify_all(fail(errc::io, EIO)); }
    void set_faults(device_faults f) {
        faults_ = f;
        release();
    }
    // From now on every operation fails, as if the device had been pulled out.
    void pull_out() {
        gone_ = true;
        release();
    }

    [[nodiscard]] bool hangs() const { return !hanging_.empty(); }

  private:
    // Waits as long as the device takes; fails where it does not even try.
    task<result<>> serve(std::size_t length);

    simulated_disk& disk_;
    device_faults faults_;
    bool gone_ = false;
    wait_list hanging_;
};

}  // namespace lode::engine
