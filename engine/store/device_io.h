// engine/store/device_io.h
//
// One core's way to one device: counted, watched, and with a bound on what is in flight. A device
// that fails too often or does not answer is given up: its owner hears of it, takes it out of
// service, and from then on every request fails at once.
//
//   Core      One.
//   Errors    As block_device.h says; unavailable while the device is out of service. Counted here,
//             logged by the owner.
//   Limits    reads_max and writes_max at a time; more wait in line. Requests that were in flight
//             when the device was given up end when the device ends them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/list.h"
#include "engine/runtime/block_device.h"
#include "engine/runtime/timers.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/device_health.h"
#include "engine/store/store_counters.h"

namespace lode::engine {

enum class device_trouble : std::uint8_t { errors, stall };

class device_io {
  public:
    struct limits {
        std::uint32_t reads_max = 1;
        std::uint32_t writes_max = 1;
        device_health::limits health;
    };
    // Who is told that the device is not worth asking any more, and takes it out of service.
    struct owner {
        void (*gave_up)(void* self, std::uint8_t device, device_trouble why) = nullptr;
        void* self = nullptr;
        std::uint8_t device = 0;
    };

    device_io(std::unique_ptr<block_device> device, limits l, owner o, store_counters& count);
    device_io(const device_io&) = delete;
    device_io& operator=(const device_io&) = delete;

    // Waits for its turn.
    task<result<>> read(device_offset from, std::span<std::byte> into);

    // A writer of chunks takes its turn before it asks for a slot, so that slots do not wait for
    // the device; what is written without a turn is bounded by who writes it.
    [[nodiscard]] semaphore& write_turns() { return writes_; }
    task<result<>> write(device_offset to, std::span<const std::byte> from);

    // What was written before is durable afterwards.
    task<result<>> flush();

    [[nodiscard]] bool in_service() const { return in_service_; }
    // Everyone who waits for a turn, and everyone who comes, gets unavailable.
    void take_out_of_service();
    void return_to_service();

  private:
    // A request that the device has not answered yet; the oldest is in front.
    struct in_flight : list_hook<> {
        explicit in_flight(device_io& to) : begun(to.tick_) { to.watch(*this); }
        std::uint64_t begun;
    };

    void watch(in_flight& request);
    void tick();
    void note_error();
    void give_up(device_trouble why);

    std::unique_ptr<block_device> device_;
    semaphore reads_;
    semaphore writes_;
    device_health health_;
    owner owner_;
    store_counters& count_;
    list<in_flight> requests_;
    timer ticker_;
    std::uint64_t tick_ = 0;
    bool in_service_ = true;
};

}  // namespace lode::engine
