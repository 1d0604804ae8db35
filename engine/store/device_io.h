// engine/store/device_io.h
//
// One core's way to one device: counted, and with a bound on what is in flight.
//
//   Core      One.
//   Errors    As block_device.h says; counted here, logged nowhere.
//   Limits    reads_max and writes_max at a time; more wait in line.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/runtime/block_device.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/store_counters.h"

namespace lode::engine {

class device_io {
  public:
    struct limits {
        std::uint32_t reads_max = 1;
        std::uint32_t writes_max = 1;
    };

    device_io(std::unique_ptr<block_device> device, limits l, store_counters& count)
        : device_(std::move(device)), reads_(l.reads_max), writes_(l.writes_max), count_(count) {}

    task<result<>> read(device_offset from, std::span<std::byte> into) {
        (void)co_await reads_.acquire();
        auto done = co_await device_->read(from, into);
        reads_.release();
        count_.device_reads.add();
        if (done) count_.device_read_bytes.add(into.size());
        if (!done) count_.device_read_errors.add();
        co_return done;
    }

    // A writer takes its turn before it asks for a slot, so that slots do not wait for the device.
    [[nodiscard]] semaphore& write_turns() { return writes_; }

    task<result<>> write(device_offset to, std::span<const std::byte> from) {
        auto done = co_await device_->write(to, from);
        count_.device_writes.add();
        if (done) count_.device_write_bytes.add(from.size());
        if (!done) count_.device_write_errors.add();
        co_return done;
    }

    task<result<>> flush() { return device_->flush(); }

  private:
    std::unique_ptr<block_device> device_;
    semaphore reads_;
    semaphore writes_;
    store_counters& count_;
};

}  // namespace lode::engine
