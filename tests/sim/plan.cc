#include "tests/sim/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/random.h"
#include "tests/engine/store/content.h"

namespace lode::engine {
namespace {

using namespace lode::literals;
using namespace std::chrono_literals;

bytes length_between(lode::random& chance, bytes low, bytes high) {
    return low + bytes(chance.below((high - low).count() + 1));
}

device_faults faults_of(lode::random& chance, faults wanted, bool healthy) {
    device_faults f;
    if (wanted == faults::corrupting) {
        f.read_bit_flip = 5;
        f.lost_write = 5;
        f.misdirected_write = 5;
        return f;
    }
    if (healthy) return f;
    const auto rate = [&] { return chance.one_in(2) ? 0 : 2 + chance.below(20); };
    f.read_error = rate();
    f.write_error = rate();
    f.read_bit_flip = rate();
    f.lost_write = rate();
    f.misdirected_write = rate();
    f.stall = rate();
    f.stall_time = std::chrono::milliseconds(1 + chance.below(8000));
    f.hang = chance.one_in(4) ? 10 + chance.below(100) : 0;
    return f;
}

std::vector<part_key> parts_of(lode::random& chance) {
    std::vector<part_key> parts;
    const std::uint64_t count = 3 + chance.below(30);
    for (std::uint64_t i = 0; i < count; ++i) {
        const bytes length = chance.one_in(8)   ? length_between(chance, 4_MiB, 14_MiB)
                             : chance.one_in(3) ? length_between(chance, 1_MiB, 4_MiB)
                             : chance.one_in(2) ? length_between(chance, 1_B, 20_KiB)
                                                : length_between(chance, 1_B, 1_MiB);
        parts.push_back(numbered_part(i, length));
    }
    return parts;
}

store_options store_of(lode::random& chance, const plan& p) {
    store_options o;
    o.cores = 1 + chance.below(3);
    o.memory = 2_MiB * o.cores + bytes(chance.below((6_MiB).count()));
    // Of a disk that has been formatted already, these change nothing.
    o.shards = 1U << chance.below(3);
    o.slab_size = chance.one_in(2) ? 1_MiB : 2_MiB;
    o.parts_max = !p.truthful && chance.one_in(4) ? o.cores * (3 + chance.below(10)) : 0;
    o.fills_max = static_cast<std::uint32_t>(1 + chance.below(16));
    o.device_reads_max = static_cast<std::uint32_t>(1 + chance.below(8));
    o.device_writes_max = static_cast<std::uint32_t>(1 + chance.below(8));
    o.fetch_size = bytes(1 + chance.below((6_MiB).count()));
    o.fetch_parallel = static_cast<std::uint32_t>(1 + chance.below(4));
    o.background_fetches = static_cast<std::uint32_t>(1 + chance.below(3));
    if (chance.one_in(4)) o.background_rate = 4_MiB + bytes(chance.below((40_MiB).count()));
    o.demand_patience = std::chrono::milliseconds(1 + chance.below(6000));
    o.frame_wait = std::chrono::milliseconds(100 + chance.below(3000));
    o.flush_delay = std::chrono::milliseconds(1 + chance.below(700));
    o.device_health.errors_max =
        static_cast<std::uint32_t>(chance.one_in(2) ? 0 : 1 + chance.below(30));
    o.device_health.stall_after =
        std::chrono::milliseconds(chance.one_in(4) ? 0 : 500 + chance.below(10'000));
    if (chance.one_in(4)) o.admission = store_options::admission_rule::second_hit;
    if (chance.one_in(4)) o.scrub_rate = bytes(1) + bytes(chance.below((20_MiB).count()));
    for (const auto& [path, size] : p.disks) {
        o.devices.push_back({.path = path, .size = size});
        if (chance.one_in(8)) o.devices.back().write_limit = bytes(1 + chance.below(20'000'000));
    }
    // The order of devices is of no importance, and one may be missing for a while.
    for (std::size_t i = o.devices.size(); i > 1; --i) {
        std::swap(o.devices[i - 1], o.devices[chance.below(i)]);
    }
    if (o.devices.size() > 1 && !p.truthful && chance.one_in(4)) o.devices.pop_back();
    return o;
}

}  // namespace

plan plan_of(std::uint64_t seed, store_options::checksums checksum, faults wanted) {
    lode::random chance(seed);
    plan p;
    const std::uint64_t disks = chance.one_in(8) ? 0 : chance.one_in(3) ? 2 : 1;
    for (std::uint64_t i = 0; i < disks; ++i) {
        p.disks.emplace_back(fmt::format("disk {}", i),
                             16_MiB + bytes(chance.below(12)) * 1'000'000);
    }
    p.parts = parts_of(chance);
    p.truthful = wanted == faults::as_seeded && chance.one_in(3);
    const std::uint64_t lives = 1 + chance.below(4);
    for (std::uint64_t i = 0; i < lives; ++i) {
        life_plan l{.store = store_of(chance, p), .device = {}};
        l.store.checksum = checksum;
        l.device = faults_of(chance, wanted, p.truthful || chance.one_in(4));
        l.clients = 1 + chance.below(8);
        l.operations = 5 + chance.below(60 / lives);
        l.sources_fail = chance.one_in(2);
        l.clock_jumps = chance.one_in(4);
        l.end = std::array{ending::orderly, ending::quiet_crash, ending::crash}[chance.below(3)];
        l.crash_after = std::chrono::microseconds(chance.below(2'000'000));
        p.lives.push_back(std::move(l));
    }
    return p;
}

}  // namespace lode::engine
