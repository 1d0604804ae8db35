#include "engine/runtime/simulated_device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {
namespace {

bool strikes(std::uint64_t one_in) {
    return one_in != 0 && scheduler::current().chance().one_in(one_in);
}

}  // namespace

void simulated_disk::load(device_offset from, std::span<std::byte> into) const {
    LODE_ASSERT(from.value() % sector == 0 && into.size() % sector == 0);
    for (std::size_t done = 0; done < into.size(); done += sector) {
        const auto found = sectors_.find((from.value() + done) / sector);
        if (found == sectors_.end()) {
            std::memset(into.data() + done, 0, sector);
        } else {
            std::memcpy(into.data() + done, found->second.data(), sector);
        }
    }
}

void simulated_disk::store(device_offset to, std::span<const std::byte> from) {
    LODE_ASSERT(to.value() % sector == 0 && from.size() % sector == 0);
    for (std::size_t done = 0; done < from.size(); done += sector) {
        std::memcpy(sectors_[(to.value() + done) / sector].data(), from.data() + done, sector);
    }
}

void simulated_disk::crash(random& chance) {
    // Undo everything unflushed, youngest first, then let chance redo some of it, in any order.
    for (auto w = unflushed_.rbegin(); w != unflushed_.rend(); ++w) store(w->at, w->before);
    while (!unflushed_.empty()) {
        const std::size_t pick = chance.below(unflushed_.size());
        std::swap(unflushed_[pick], unflushed_.back());
        const write_record w = std::move(unflushed_.back());
        unflushed_.pop_back();
        const std::uint64_t sectors = w.after.size() / sector;
        const std::uint64_t kept = chance.one_in(2) ? sectors : chance.below(sectors + 1);
        store(w.at, std::span(w.after).first(kept * sector));
    }
}

void simulated_disk::flip_bit(device_offset at, unsigned bit) {
    const std::uint64_t index = at.value() / sector;
    sectors_[index][at.value() % sector] ^= static_cast<std::byte>(1U << (bit % 8));
}

duration simulated_device::service_time(std::size_t length) const {
    // An NVMe drive: some 80 us, and 1 GB/s.
    const auto jitter = static_cast<std::int64_t>(scheduler::current().chance().below(40'000));
    return std::chrono::nanoseconds(60'000 + jitter + static_cast<std::int64_t>(length));
}

task<result<>> simulated_device::read(device_offset from, std::span<std::byte> into) {
    LODE_ASSERT(from + bytes(into.size()) <= device_offset(disk_.size().count()));
    co_await sleep_for(strikes(faults_.stall) ? faults_.stall_time : service_time(into.size()));
    if (gone_) co_return fail(errc::io, ENODEV);
    if (strikes(faults_.read_error)) co_return fail(errc::io, EIO);
    disk_.load(from, into);
    if (strikes(faults_.read_bit_flip)) {
        random& chance = scheduler::current().chance();
        into[chance.below(into.size())] ^= static_cast<std::byte>(1U << chance.below(8));
    }
    co_return result<>{};
}

task<result<>> simulated_device::write(device_offset to, std::span<const std::byte> from) {
    LODE_ASSERT(to + bytes(from.size()) <= device_offset(disk_.size().count()));
    // The device takes the bytes when it gets to it: a caller that changes its buffer meanwhile
    // loses.
    co_await sleep_for(strikes(faults_.stall) ? faults_.stall_time : service_time(from.size()));
    if (gone_) co_return fail(errc::io, ENODEV);
    if (strikes(faults_.lost_write)) co_return result<>{};
    random& chance = scheduler::current().chance();
    const bool broken = strikes(faults_.write_error);
    if (broken) {
        const std::uint64_t sectors = from.size() / simulated_disk::sector;
        from = from.first(chance.below(sectors + 1) * simulated_disk::sector);
    }
    if (strikes(faults_.misdirected_write)) {
        const std::uint64_t places = (disk_.size().count() - from.size()) / 4096 + 1;
        to = device_offset(chance.below(places) * 4096);
    }
    std::vector<std::byte> before(from.size());
    disk_.load(to, before);
    disk_.store(to, from);
    disk_.unflushed_.push_back({.at = to,
                                .before = std::move(before),
                                .after = std::vector<std::byte>(from.begin(), from.end())});
    if (broken) co_return fail(errc::io, EIO);
    co_return result<>{};
}

task<result<>> simulated_device::flush() {
    // Covers what was complete when it began.
    const std::size_t covered = disk_.unflushed_.size();
    co_await sleep_for(std::chrono::microseconds(200));
    if (gone_) co_return fail(errc::io, ENODEV);
    const auto count = static_cast<std::ptrdiff_t>(std::min(covered, disk_.unflushed_.size()));
    disk_.unflushed_.erase(disk_.unflushed_.begin(), disk_.unflushed_.begin() + count);
    co_return result<>{};
}

}  // namespace lode::engine
