#include "engine/runtime/simulated_device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"

namespace lode::engine {
namespace {

bool in_sectors(device_offset at, std::size_t length) {
    return at.value() % simulated_disk::sector == 0 && length % simulated_disk::sector == 0;
}

bool strikes(std::uint64_t one_in) {
    return one_in != 0 && scheduler::current().chance().one_in(one_in);
}

duration service_time(std::size_t length) {
    // An NVMe drive: some 80 us, and 1 GB/s.
    const auto jitter = static_cast<std::int64_t>(scheduler::current().chance().below(40'000));
    return std::chrono::nanoseconds(60'000 + jitter + static_cast<std::int64_t>(length));
}

}  // namespace

void simulated_disk::peek(device_offset from, std::span<std::byte> into) const {
    LODE_ASSERT(from + bytes(into.size()) <= device_offset(size_.count()));
    while (!into.empty()) {
        const std::uint64_t within = from.value() % sector;
        const std::size_t count = std::min<std::size_t>(sector - within, into.size());
        const auto found = sectors_.find(from.value() / sector);
        if (found == sectors_.end()) {
            std::memset(into.data(), 0, count);
        } else {
            std::memcpy(into.data(), found->second.data() + within, count);
        }
        from += bytes(count);
        into = into.subspan(count);
    }
}

void simulated_disk::poke(device_offset to, std::span<const std::byte> from) {
    LODE_ASSERT(to + bytes(from.size()) <= device_offset(size_.count()));
    while (!from.empty()) {
        const std::uint64_t within = to.value() % sector;
        const std::size_t count = std::min<std::size_t>(sector - within, from.size());
        std::memcpy(sectors_[to.value() / sector].data() + within, from.data(), count);
        to += bytes(count);
        from = from.subspan(count);
    }
}

std::vector<simulated_disk::unflushed_write> simulated_disk::unflushed() const {
    std::vector<unflushed_write> writes;
    writes.reserve(unflushed_.size());
    for (const write_record& w : unflushed_) {
        writes.push_back({.at = w.at, .length = bytes(w.after.size())});
    }
    return writes;
}

void simulated_disk::tear(std::size_t from_the_end, std::uint64_t sectors_kept) {
    LODE_ASSERT(from_the_end < unflushed_.size());
    const auto torn = unflushed_.end() - 1 - static_cast<std::ptrdiff_t>(from_the_end);
    LODE_ASSERT(sectors_kept * sector <= torn->after.size());
    // Younger writes may lie over it: they step aside and come back.
    for (auto w = unflushed_.end(); w != torn;) {
        --w;
        poke(w->at, w->before);
    }
    poke(torn->at, std::span(torn->after).first(sectors_kept * sector));
    for (auto w = torn + 1; w != unflushed_.end(); ++w) {
        peek(w->at, w->before);
        poke(w->at, w->after);
    }
    unflushed_.erase(torn);
}

void simulated_disk::crash(random& chance) {
    // Undo everything unflushed, youngest first, then let chance redo some of it, in any order.
    for (auto w = unflushed_.rbegin(); w != unflushed_.rend(); ++w) poke(w->at, w->before);
    while (!unflushed_.empty()) {
        const std::size_t pick = chance.below(unflushed_.size());
        std::swap(unflushed_[pick], unflushed_.back());
        const write_record w = std::move(unflushed_.back());
        unflushed_.pop_back();
        const std::uint64_t sectors = w.after.size() / sector;
        const std::uint64_t kept = chance.one_in(2) ? sectors : chance.below(sectors + 1);
        poke(w.at, std::span(w.after).first(kept * sector));
    }
}

void simulated_disk::flip_bit(device_offset at, unsigned bit) {
    const std::uint64_t index = at.value() / sector;
    sectors_[index][at.value() % sector] ^= static_cast<std::byte>(1U << (bit % 8));
}

task<result<>> simulated_device::serve(std::size_t length) {
    if (!gone_ && strikes(faults_.hang)) co_return co_await hanging_.wait();
    co_await sleep_for(strikes(faults_.stall) ? faults_.stall_time : service_time(length));
    if (gone_) co_return fail(errc::io, ENODEV);
    co_return result<>{};
}

task<result<>> simulated_device::read(device_offset from, std::span<std::byte> into) {
    LODE_ASSERT(in_sectors(from, into.size()));
    LODE_ASSERT(from + bytes(into.size()) <= device_offset(disk_.size().count()));
    if (auto served = co_await serve(into.size()); !served) co_return served;
    if (strikes(faults_.read_error)) co_return fail(errc::io, EIO);
    disk_.peek(from, into);
    if (strikes(faults_.read_bit_flip)) {
        random& chance = scheduler::current().chance();
        into[chance.below(into.size())] ^= static_cast<std::byte>(1U << chance.below(8));
    }
    co_return result<>{};
}

task<result<>> simulated_device::write(device_offset to, std::span<const std::byte> from) {
    LODE_ASSERT(in_sectors(to, from.size()));
    LODE_ASSERT(to + bytes(from.size()) <= device_offset(disk_.size().count()));
    // The device takes the bytes when it gets to it: a caller that changes its buffer meanwhile
    // loses.
    if (auto served = co_await serve(from.size()); !served) co_return served;
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
    disk_.peek(to, before);
    disk_.poke(to, from);
    disk_.unflushed_.push_back({.at = to,
                                .before = std::move(before),
                                .after = std::vector<std::byte>(from.begin(), from.end())});
    if (broken) co_return fail(errc::io, EIO);
    co_return result<>{};
}

task<result<>> simulated_device::flush() {
    if (!gone_ && strikes(faults_.hang)) co_return co_await hanging_.wait();
    // Covers what was complete when it began.
    const std::size_t covered = disk_.unflushed_.size();
    co_await sleep_for(std::chrono::microseconds(200));
    if (gone_) co_return fail(errc::io, ENODEV);
    const auto count = static_cast<std::ptrdiff_t>(std::min(covered, disk_.unflushed_.size()));
    disk_.unflushed_.erase(disk_.unflushed_.begin(), disk_.unflushed_.begin() + count);
    co_return result<>{};
}

}  // namespace lode::engine
