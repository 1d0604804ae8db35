// tests/tools/lode/fake_host.h
//
// A host for the checks of one, which is what the test says it is.
#pragma once

#include <optional>
#include <string>

#include "tools/lode/host_view.h"

namespace lode::tools {

// A host where all is well until a test breaks something.
class fake_host final : public host_view {
  public:
    int ring = 0;
    int plain_ring = 0;
    std::optional<int> disabled = 0;
    std::string release = "6.1.0-28-amd64";
    bool privileged = false;
    resource_limit locked;
    resource_limit files;
    std::uint64_t raise_allowed = resource_limit::unlimited;
    unsigned cpu_count = 4;
    bytes memory_size{64ULL << 30U};
    device_facts device{.room = bytes(2ULL << 40U)};
    int read = 0;
    int write = 0;
    bool world_readable = false;
    int listen = 0;
    int connect = 0;
    wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

    int try_ring(ring_kind kind) override { return kind == ring_kind::plain ? plain_ring : ring; }
    std::optional<int> io_uring_disabled() override { return disabled; }
    std::string kernel_release() override { return release; }
    bool may_lock_any_memory() override { return privileged; }
    resource_limit locked_memory() override { return locked; }
    resource_limit descriptors() override { return files; }
    int raise_descriptors(std::uint64_t soft) override {
        if (soft > raise_allowed) return EPERM;
        files.soft = soft;
        return 0;
    }
    unsigned cpus() override { return cpu_count; }
    bytes memory() override { return memory_size; }
    device_facts probe_device(const std::string& /*path*/) override { return device; }
    int try_read(const std::string& /*path*/) override { return read; }
    int try_write(const std::string& /*path*/) override { return write; }
    bool others_may_read(const std::string& /*path*/) override { return world_readable; }
    int try_listen(const std::string& /*address*/) override { return listen; }
    int try_connect(const endpoint& /*to*/, duration /*limit*/) override { return connect; }
    wall_time wall() override { return now; }
};

}  // namespace lode::tools
