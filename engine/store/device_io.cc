#include "engine/store/device_io.h"

namespace lode::engine {

device_io::device_io(std::unique_ptr<block_device> device, limits l, owner o, store_counters& count)
    : device_(std::move(device)),
      reads_(l.reads_max),
      writes_(l.writes_max),
      health_(l.health),
      owner_(o),
      count_(count),
      ticker_([](void* self) { static_cast<device_io*>(self)->tick(); }, this) {}

task<result<>> device_io::read(device_offset from, std::span<std::byte> into) {
    if (auto turn = co_await reads_.acquire(); !turn) co_return turn;
    if (!in_service_) {
        reads_.release();
        co_return fail(errc::unavailable);
    }
    result<> done;
    {
        const in_flight request(*this);
        done = co_await device_->read(from, into);
    }
    reads_.release();
    count_.device_reads.add();
    if (done) {
        count_.device_read_bytes.add(into.size());
    } else {
        count_.device_read_errors.add();
        note_error();
    }
    co_return done;
}

task<result<>> device_io::write(device_offset to, std::span<const std::byte> from) {
    if (!in_service_) co_return fail(errc::unavailable);
    result<> done;
    {
        const in_flight request(*this);
        done = co_await device_->write(to, from);
    }
    count_.device_writes.add();
    if (done) {
        count_.device_write_bytes.add(from.size());
    } else {
        count_.device_write_errors.add();
        note_error();
    }
    co_return done;
}

task<result<>> device_io::flush() {
    if (!in_service_) co_return fail(errc::unavailable);
    result<> done;
    {
        const in_flight request(*this);
        done = co_await device_->flush();
    }
    if (!done) {
        count_.device_write_errors.add();
        note_error();
    }
    co_return done;
}

void device_io::take_out_of_service() {
    in_service_ = false;
    reads_.fail_line({.code = errc::unavailable});
    writes_.fail_line({.code = errc::unavailable});
}

void device_io::return_to_service() {
    in_service_ = true;
    health_.forgive();
}

void device_io::watch(in_flight& request) {
    requests_.push_back(request);
    if (health_.watches_stalls() && !ticker_.armed()) ticker_.arm(now() + health_.tick());
}

void device_io::tick() {
    ++tick_;
    if (requests_.empty()) return;
    if (device_health::stalled(requests_.front().begun, tick_)) give_up(device_trouble::stall);
    ticker_.arm(now() + health_.tick());
}

void device_io::note_error() {
    if (health_.note_error(now())) give_up(device_trouble::errors);
}

void device_io::give_up(device_trouble why) {
    if (!in_service_) return;
    count_.devices_given_up.add();
    if (owner_.gave_up != nullptr) owner_.gave_up(owner_.self, owner_.device, why);
}

}  // namespace lode::engine
