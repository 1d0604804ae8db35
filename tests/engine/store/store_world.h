// tests/engine/store/store_world.h
//
// The same test body on two worlds: the simulator with its disk in memory, and real cores with
// rings over a file.
#pragma once

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#include "engine/base/log.h"
#include "engine/runtime/simulated_device.h"
#include "engine/runtime/simulation.h"
#include "engine/store/part_store.h"
#include "tests/engine/runtime/run_on_cores.h"

namespace lode::engine {

// What stores say about the faults that tests make is of no interest.
inline const bool quiet = (log::set_level(log::level::failure), true);

inline task<void> run_into(task<result<>> work, result<>& outcome) {
    outcome = co_await std::move(work);
}

// A simulated disk as a device of the store. Each core's device is listed, so that a test can make
// it misbehave.
class simulated_backing final : public device_backing {
  public:
    simulated_backing(simulation& world, simulated_disk& disk,
                      std::vector<simulated_device*>& opened)
        : world_(world), disk_(disk), opened_(opened) {}

    result<> read(device_offset from, std::span<std::byte> into) override {
        simulated_device device(disk_);
        result<> outcome;
        world_.run(run_into(device.read(from, into), outcome));
        return outcome;
    }
    result<> write(device_offset to, std::span<const std::byte> from) override {
        simulated_device device(disk_);
        result<> outcome;
        world_.run(run_into(device.write(to, from), outcome));
        if (outcome) world_.run(run_into(device.flush(), outcome));
        return outcome;
    }
    [[nodiscard]] bytes size() const override { return disk_.size(); }
    [[nodiscard]] bytes alignment() const override { return bytes(4096); }
    [[nodiscard]] std::unique_ptr<block_device> on_core(core_id) override {
        auto device = std::make_unique<simulated_device>(disk_);
        opened_.push_back(device.get());
        return device;
    }

  private:
    simulation& world_;
    simulated_disk& disk_;
    std::vector<simulated_device*>& opened_;
};

// What a test body gets.
struct store_under_test {
    part_store& store;
    simulated_disk* disk = nullptr;                     // null on real cores
    std::vector<simulated_device*>* devices = nullptr;  // null on real cores
};

using store_body = std::function<task<void>(store_under_test)>;

inline task<void> start_run_stop(store_under_test on, std::size_t cores, const store_body& body) {
    for (std::size_t c = 0; c < cores; ++c) {
        const auto started = co_await on.store.start(core_id(static_cast<std::uint16_t>(c)));
        LODE_ASSERT(started.has_value());
    }
    co_await body(on);
    for (std::size_t c = 0; c < cores; ++c) {
        co_await on.store.stop(core_id(static_cast<std::uint16_t>(c)));
    }
}

// Disks that outlive the stores that use them, one after the other.
class simulated_disks {
  public:
    simulated_disk& add(const std::string& path, bytes size) {
        return *disks_.emplace(path, std::make_unique<simulated_disk>(size)).first->second;
    }
    [[nodiscard]] simulated_disk& at(const std::string& path) const { return *disks_.at(path); }
    // Where the present store lives.
    [[nodiscard]] simulation& world() const { return *world_; }
    // For the options of a store.
    [[nodiscard]] std::vector<device_options> all() const {
        std::vector<device_options> named;
        for (const auto& [path, disk] : disks_) {
            named.push_back({.path = path, .size = disk->size()});
        }
        return named;
    }

    // Power fails everywhere: nothing that the store does from now on reaches a disk.
    void cut_power(store_under_test on, lode::random& chance) {
        for (auto& [path, disk] : disks_) disk->crash(chance);
        for (simulated_device* d : *on.devices) d->pull_out();
    }

    // A store's whole life, on the disks that o.devices names.
    simulation::outcome run(store_options o, std::uint64_t seed, const store_body& body,
                            std::uint64_t steps_max = 10'000'000) {
        simulation world(seed);
        world_ = &world;
        std::vector<simulated_device*> devices;
        o.open_device = [&](const device_options& wanted)
            -> std::expected<std::unique_ptr<device_backing>, std::string> {
            return std::make_unique<simulated_backing>(world, at(wanted.path), devices);
        };
        const std::size_t cores = o.cores;
        simulated_disk* first = o.devices.empty() ? nullptr : &at(o.devices.front().path);
        auto store = part_store::open(std::move(o));
        LODE_ASSERT(store.has_value());
        return world.run(
            start_run_stop({.store = **store, .disk = first, .devices = &devices}, cores, body),
            steps_max);
    }

  private:
    std::map<std::string, std::unique_ptr<simulated_disk>> disks_;
    simulation* world_ = nullptr;
};

inline simulation::outcome run_simulated(store_options o, bytes disk_size, std::uint64_t seed,
                                         const store_body& body,
                                         std::uint64_t steps_max = 10'000'000) {
    simulated_disks disks;
    if (disk_size > bytes(0)) disks.add("simulated disk", disk_size);
    o.devices = disks.all();
    return disks.run(std::move(o), seed, body, steps_max);
}

class temporary_file {
  public:
    temporary_file() {
        const int fd = ::mkstemp(path_.data());
        LODE_ASSERT(fd >= 0);
        ::close(fd);
    }
    ~temporary_file() { ::unlink(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = "/var/tmp/lode-store-test-XXXXXX";
};

struct core_steps {
    std::atomic<std::size_t> started{0};
    std::atomic<bool> over{false};
};

inline task<void> core_main(core_id self, store_under_test on, std::size_t cores, core_steps& steps,
                            const store_body& body) {
    const auto started = co_await on.store.start(self);
    LODE_ASSERT(started.has_value());
    ++steps.started;
    while (steps.started < cores) co_await sleep_for(std::chrono::milliseconds(1));
    if (self == core_id(0)) {
        co_await body(on);
        steps.over = true;
    }
    while (!steps.over) co_await sleep_for(std::chrono::milliseconds(1));
    co_await on.store.stop(self);
}

inline void run_on_rings(store_options o, bytes disk_size, const store_body& body,
                         io_completion completion = io_completion::interrupt) {
    const temporary_file file;
    if (disk_size > bytes(0)) {
        o.devices = {{.path = file.path(), .size = disk_size, .completion = completion}};
    }
    const std::size_t cores = o.cores;
    auto store = part_store::open(std::move(o));
    LODE_ASSERT(store.has_value());
    core_steps steps;
    run_on_cores(cores, [&](core_id self) {
        return core_main(self, {.store = **store}, cores, steps, body);
    });
}

enum class world : std::uint8_t { simulated, rings };

// Returns whether the body ran to its end.
inline bool run_store(world where, store_options o, bytes disk_size, const store_body& body) {
    if (where == world::simulated) {
        return run_simulated(std::move(o), disk_size, 7, body) == simulation::outcome::finished;
    }
    run_on_rings(std::move(o), disk_size, body);
    return true;
}

}  // namespace lode::engine
