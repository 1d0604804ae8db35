// tools/lode/host_view.h
//
// What lode asks of the host before it serves, behind an interface, so that the sentences about it
// are tested without a host that has each fault.
//
//   Errors   Where a question is whether the kernel allows something, the answer is an errno, and 0
//            for yes.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "tools/lode/endpoint.h"

namespace lode::tools {

struct resource_limit {
    static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t soft = unlimited;
    std::uint64_t hard = unlimited;
};

struct device_facts {
    int refused = 0;  // errno of opening it, or of creating it where it does not exist
    enum class kind : std::uint8_t { missing, file, block, other } what = kind::missing;
    bool locked = false;  // by a process that took flock(), as lode does
    bool direct = true;   // O_DIRECT is possible
    bytes present;        // a file: allocated already; a block device: its size
    bytes room;           // free on the file system
};

class host_view {
  public:
    host_view() = default;
    virtual ~host_view() = default;
    host_view(const host_view&) = delete;
    host_view& operator=(const host_view&) = delete;

    enum class ring_kind : std::uint8_t { plain, as_lode_needs };
    virtual int try_ring(ring_kind kind) = 0;
    // The sysctl kernel.io_uring_disabled, where the kernel has it.
    virtual std::optional<int> io_uring_disabled() = 0;
    virtual std::string kernel_release() = 0;

    virtual bool may_lock_any_memory() = 0;  // CAP_IPC_LOCK
    virtual resource_limit locked_memory() = 0;
    virtual resource_limit descriptors() = 0;
    virtual int raise_descriptors(std::uint64_t soft) = 0;
    virtual unsigned cpus() = 0;  // that this process may use
    virtual bytes memory() = 0;   // of the host

    virtual device_facts probe_device(const std::string& path) = 0;
    virtual int try_read(const std::string& path) = 0;
    virtual int try_write(const std::string& path) = 0;  // or create
    virtual bool others_may_read(const std::string& path) = 0;

    virtual int try_listen(const std::string& address) = 0;
    // EHOSTUNREACH also when the name does not resolve; ETIMEDOUT after `limit`.
    virtual int try_connect(const endpoint& to, duration limit) = 0;

    virtual wall_time wall() = 0;
};

[[nodiscard]] std::unique_ptr<host_view> this_host();

}  // namespace lode::tools
