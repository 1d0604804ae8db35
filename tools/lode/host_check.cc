#include "tools/lode/host_check.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "frontend/access/key_file.h"
#include "tools/lode/cluster_check.h"
#include "tools/lode/number.h"
#include "tools/lode/quantity.h"

namespace lode::tools {
namespace {

using namespace lode::literals;
using frontend::settings;

// Listeners, devices, rings, logs and whatever a library opens.
constexpr std::uint64_t descriptors_of_our_own = 256;

// Signatures and certificates tell nothing to a clock outside of these years.
constexpr auto clock_least = std::chrono::sys_days(std::chrono::year(2025) / 1 / 1);
constexpr auto clock_most = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

std::string reason(int sys) { return std::generic_category().message(sys); }

finding warning(std::string sentence, std::string remedy) {
    return {severity::warning, std::move(sentence), std::move(remedy)};
}

bool is_older_than_6_1(std::string_view release) {
    const auto take_number = [&release] {
        const auto digits = std::min(release.find_first_not_of("0123456789"), release.size());
        const auto number = parse_number<unsigned>(release.substr(0, digits));
        release.remove_prefix(std::min(digits + 1, release.size()));
        return number;
    };
    const auto major = take_number();
    const auto minor = take_number();
    return major && minor && std::pair(*major, *minor) < std::pair(6U, 1U);
}

std::uint64_t cores_of(const settings& s, host_view& host) {
    return s.node.cores != 0 ? s.node.cores : host.cpus();
}

finding check_device_size(const frontend::device_settings& device, const device_facts& facts) {
    const std::string& path = device.path;
    if (facts.what == device_facts::kind::block) {
        if (device.size <= facts.present) return fine({});
        return fatal(
            fmt::format("The block device {} has {}, less than the {} of its "
                        "cache.device.size.",
                        path, approximate_size(facts.present), approximate_size(device.size)),
            "Set cache.device.size to \"0B\" to use all of it.");
    }
    if (device.size == bytes(0)) {
        return fatal(fmt::format("{} is a file, and its cache.device.size is not set.", path),
                     "Set cache.device.size to the size that the file shall have.");
    }
    const bytes missing = device.size - std::min(device.size, facts.present);
    if (missing <= facts.room) return fine({});
    return fatal(fmt::format("{} needs {} more, and its file system has {} free.", path,
                             approximate_size(missing), approximate_size(facts.room)),
                 "Make room, or set cache.device.size lower.");
}

bool is_in_dev(const std::string& path) {
    return path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
}

finding device_refused(const std::string& path, const device_facts& facts) {
    const bool in_use = facts.refused == EBUSY;
    return fatal(fmt::format("The device {} cannot be opened: {}.", path, reason(facts.refused)),
                 in_use ? "It is mounted or part of another device: choose one that is free."
                 : facts.refused == ENOENT
                     ? "Create its directory, and let the user that runs lode write to it."
                     : "Let the user that runs lode read and write it.");
}

}  // namespace

finding check_ring(host_view& host) {
    const int failed = host.try_ring(host_view::ring_kind::as_lode_needs);
    const std::string release = host.kernel_release();
    if (failed == 0) return fine(fmt::format("The kernel ({}) offers io_uring.", release));

    if (host.try_ring(host_view::ring_kind::plain) == 0 || is_older_than_6_1(release)) {
        return fatal(fmt::format("The kernel ({}) is too old for lode's use of io_uring "
                                 "(SINGLE_ISSUER, DEFER_TASKRUN): {}.",
                                 release, reason(failed)),
                     "Run Linux 6.1 or newer.");
    }
    const int disabled = host.io_uring_disabled().value_or(0);
    if (failed == EPERM && disabled == 2) {
        return fatal("io_uring is disabled for every process (kernel.io_uring_disabled = 2).",
                     "Run `sysctl -w kernel.io_uring_disabled=0`.");
    }
    if (failed == EPERM && disabled == 1) {
        return fatal(
            "io_uring is disabled for unprivileged processes (kernel.io_uring_disabled = 1).",
            "Add lode's group to kernel.io_uring_group, or run `sysctl -w "
            "kernel.io_uring_disabled=0`.");
    }
    if (failed == EPERM || failed == EACCES) {
        return fatal(fmt::format("A security filter, such as a container's seccomp profile, "
                                 "forbids io_uring: {}.",
                                 reason(failed)),
                     "Allow io_uring_setup, io_uring_enter and io_uring_register in the profile.");
    }
    if (failed == ENOSYS) {
        return fatal(fmt::format("This kernel ({}) was built without io_uring, or a security "
                                 "filter hides it.",
                                 release),
                     "Allow io_uring_setup, io_uring_enter and io_uring_register in the profile, "
                     "or run a kernel that has them.");
    }
    return fatal(fmt::format("The kernel ({}) refuses an io_uring: {}.", release, reason(failed)),
                 "See what the kernel's log says about it.");
}

finding check_locked_memory(const settings& s, host_view& host) {
    if (s.cache.devices.empty()) {
        return fine("Without a device, no memory needs to be locked.");
    }
    if (host.may_lock_any_memory()) return fine("This process may lock any amount of memory.");
    const resource_limit limit = host.locked_memory();
    // The kernel counts registered memory once for each kind of ring.
    const bool polls = std::ranges::any_of(s.cache.devices, [](const auto& device) {
        return device.completion == engine::io_completion::poll;
    });
    if (limit.soft / (polls ? 2 : 1) >= s.node.memory.count()) {
        return fine("The limit on locked memory leaves room for the cache.");
    }
    return warning(
        fmt::format("This process may lock {} of memory, less than {}the {} of node.memory, so "
                    "device reads cannot use registered memory and cost more CPU.",
                    approximate_size(bytes(limit.soft)), polls ? "twice " : "",
                    approximate_size(s.node.memory)),
        "Set LimitMEMLOCK=infinity in the unit, or run `ulimit -l unlimited` before lode.");
}

std::uint64_t descriptors_needed(const settings& s, host_view& host) {
    return s.limits.connections + s.origin.connections * cores_of(s, host) +
           s.cache.devices.size() + descriptors_of_our_own;
}

finding check_descriptors(const settings& s, host_view& host) {
    const std::uint64_t needed = descriptors_needed(s, host);
    const resource_limit limit = host.descriptors();
    if (limit.soft >= needed) return fine("The limit on open files leaves room for every client.");
    if (limit.hard >= needed) {
        return fine(fmt::format("lode raises the limit on open files from {} to {} when it starts.",
                                limit.soft, needed));
    }
    return warning(
        fmt::format("At most {} files may be open, and limits.connections with "
                    "origin.connections may need {}.",
                    limit.hard, needed),
        fmt::format("Set LimitNOFILE={} in the unit, or lower limits.connections.", needed));
}

void raise_descriptor_limit(const settings& s, host_view& host) {
    const std::uint64_t needed = descriptors_needed(s, host);
    const resource_limit limit = host.descriptors();
    if (limit.soft >= needed) return;
    // Beyond the hard limit only a privileged process gets; the others take what there is.
    if (host.raise_descriptors(needed) == 0) return;
    (void)host.raise_descriptors(std::min(needed, limit.hard));
}

finding check_memory(const settings& s, host_view& host) {
    const bytes present = host.memory();
    if (s.node.memory <= present / 10 * 9) {
        return fine(fmt::format("{} of memory for the cache fit into this host.",
                                approximate_size(s.node.memory)));
    }
    return warning(fmt::format("node.memory is {}, and this host has {} in all.",
                               approximate_size(s.node.memory), approximate_size(present)),
                   "Lower node.memory, or the kernel may end lode when memory runs out.");
}

finding check_cores(const settings& s, host_view& host) {
    const unsigned present = host.cpus();
    if (s.node.cores <= present) {
        return fine(fmt::format("lode serves on {} of the {} CPUs that it may use.",
                                cores_of(s, host), present));
    }
    return warning(
        fmt::format("node.cores is {}, and this process may use {} CPUs.", s.node.cores, present),
        "Set node.cores to 0 to use one core for each CPU.");
}

finding check_clock(host_view& host) {
    const wall_time now = host.wall();
    if (now >= clock_least && now < clock_most) return fine("The clock is plausible.");
    return warning(
        "The clock of this host is wrong by years, so signatures and certificates "
        "will be refused.",
        "Synchronise the clock.");
}

finding check_device(const frontend::device_settings& device, host_view& host) {
    const device_facts facts = host.probe_device(device.path);
    if (facts.refused != 0) return device_refused(device.path, facts);
    if (facts.what == device_facts::kind::other) {
        return fatal(fmt::format("{} is neither a file nor a block device.", device.path),
                     "Set cache.device.path to one of them.");
    }
    if (facts.what == device_facts::kind::missing && is_in_dev(device.path)) {
        return fatal(fmt::format("There is no block device {}, and a file there would live in "
                                 "memory.",
                                 device.path),
                     "Correct cache.device.path; `lsblk` lists the devices of this host.");
    }
    if (facts.locked) {
        return fatal(fmt::format("The device {} is in use by another process.", device.path),
                     "Stop that process, which may be another lode, or choose another path.");
    }
    finding size = check_device_size(device, facts);
    if (size.how != severity::fine) return size;
    if (!facts.direct) {
        return warning(fmt::format("The file system of {} refuses O_DIRECT, so lode reads it "
                                   "through the page cache, at the cost of memory and CPU.",
                                   device.path),
                       "Put the device on ext4, XFS or a block device.");
    }
    return fine(fmt::format("The device {} can be used, with O_DIRECT.", device.path));
}

finding check_listener(const std::string& key, const std::string& address, host_view& host) {
    const int failed = host.try_listen(address);
    if (failed == 0) return fine(fmt::format("{} can listen on {}.", key, address));
    std::string remedy = "Choose another address.";
    if (failed == EADDRINUSE) {
        remedy =
            "Stop the process that listens there, which may be another lode, or choose "
            "another port.";
    } else if (failed == EADDRNOTAVAIL) {
        remedy = "Choose an address that this host has, or 0.0.0.0 for all of them.";
    } else if (failed == EACCES) {
        remedy = "Choose a port from 1024 up, or give lode the capability CAP_NET_BIND_SERVICE.";
    }
    return fatal(fmt::format("{} cannot listen on {}: {}.", key, address, reason(failed)),
                 std::move(remedy));
}

finding check_origin(const settings& s, host_view& host) {
    const auto gateway = parse_endpoint(s.origin.gateway);
    if (!gateway) return fatal("origin.gateway is not a URL.", "Set it to the object store's.");
    const int failed = host.try_connect(*gateway, s.origin.connect_timeout);
    if (failed == 0) {
        return fine(fmt::format("The gateway {} accepts connections.", s.origin.gateway));
    }
    return warning(
        fmt::format("The gateway {} cannot be reached: {}.", s.origin.gateway,
                    failed == EHOSTUNREACH ? "no such host, or no way to it" : reason(failed)),
        "Start it or correct origin.gateway; until then lode answers 503.");
}

finding check_ca_file(const std::string& key, const std::string& path, host_view& host) {
    const int failed = host.try_read(path);
    if (failed == 0) return fine(fmt::format("{} {} can be read.", key, path));
    return fatal(fmt::format("{} {} cannot be read: {}.", key, path, reason(failed)),
                 "Correct the path, or let the user that runs lode read it.");
}

finding check_identity(const settings& s, const environment& env, host_view& host) {
    const auto found = find_credentials(s.origin, env);
    if (!found) {
        return fatal(found.error(),
                     "Correct it; lode does without an identity only when none is named.");
    }
    if (!*found && s.auth.mode != frontend::auth_mode::gateway) {
        return fatal(
            "lode has no identity of its own, but auth.mode makes it ask the gateway in its own "
            "name.",
            "Set origin.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
    }
    if (!*found && s.cluster.membership != frontend::membership_kind::none) {
        return fatal(
            "lode has no identity of its own, but cluster.membership makes it fetch in its own "
            "name what other nodes' clients may read.",
            "Set origin.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
    }
    if (!*found) {
        return fine("lode has no identity of its own and caches what its clients read.");
    }
    if (!s.origin.credentials.empty() && host.others_may_read(s.origin.credentials)) {
        return warning(fmt::format("Every user of this host may read the credentials file {}.",
                                   s.origin.credentials),
                       fmt::format("Run `chmod 600 {}`.", s.origin.credentials));
    }
    return fine("lode has an identity of its own.");
}

finding check_keys(const settings& s, host_view& host) {
    const auto keys = frontend::access::load_key_file(s.auth.keys);
    if (!keys) {
        return fatal(
            fmt::format("auth.keys: {}.", frontend::access::first_of(keys.error(), s.auth.keys)),
            "Correct the file.");
    }
    if (host.others_may_read(s.auth.keys)) {
        return warning(fmt::format("Every user of this host may read the clients' secrets in {}.",
                                   s.auth.keys),
                       fmt::format("Run `chmod 600 {}`.", s.auth.keys));
    }
    return fine(fmt::format("{} has {} keys of clients.", s.auth.keys, (*keys)->size()));
}

finding check_trust(const settings& s) {
    const bool anyone = s.auth.trusted == frontend::trusted_clients::anyone;
    return warning(
        fmt::format(
            "auth.mode is \"trust\": clients are NOT authenticated; {} may use all of lode's "
            "rights at the gateway.",
            anyone ? fmt::format("everybody who reaches {}", s.listen.s3)
                   : "every user of this host"),
        "Set auth.mode to \"gateway\" or \"local\" unless that is meant.");
}

finding check_access_log(const std::string& path, host_view& host) {
    const int failed = host.try_write(path);
    if (failed == 0) return fine(fmt::format("The access log {} can be written.", path));
    return fatal(fmt::format("The access log {} cannot be written: {}.", path, reason(failed)),
                 "Correct log.access, or let the user that runs lode write to it.");
}

std::vector<finding> check_host(const settings& s, const environment& env, host_view& host,
                                origin_probe origin) {
    std::vector<finding> found{
        check_ring(host),      check_locked_memory(s, host), check_descriptors(s, host),
        check_memory(s, host), check_cores(s, host),         check_clock(host),
    };
    for (const auto& device : s.cache.devices) found.push_back(check_device(device, host));
    found.push_back(check_listener("listen.s3", s.listen.s3, host));
    found.push_back(check_listener("listen.admin", s.listen.admin, host));
    found.push_back(check_identity(s, env, host));
    if (s.auth.mode == frontend::auth_mode::local) found.push_back(check_keys(s, host));
    if (s.auth.mode == frontend::auth_mode::trust) found.push_back(check_trust(s));
    if (!s.origin.ca_file.empty()) {
        found.push_back(check_ca_file("origin.ca_file", s.origin.ca_file, host));
    }
    if (!s.log.access.empty() && s.log.access != "-") {
        found.push_back(check_access_log(s.log.access, host));
    }
    if (s.cluster.membership != frontend::membership_kind::none) {
        found.push_back(check_listener("listen.peer", s.listen.peer, host));
        for (finding& f : check_cluster_files(s, host)) found.push_back(std::move(f));
    }
    if (origin == origin_probe::connect) found.push_back(check_origin(s, host));
    return found;
}

severity worst_of(std::span<const finding> findings) {
    severity worst = severity::fine;
    for (const finding& f : findings) worst = std::max(worst, f.how);
    return worst;
}

std::string print_finding(const finding& f) {
    const std::string_view mark = f.how == severity::fine      ? " ok  "
                                  : f.how == severity::warning ? "warn "
                                                               : "FAIL ";
    std::string out = fmt::format("{} {}\n", mark, f.sentence);
    if (!f.remedy.empty()) out += fmt::format("      {}\n", f.remedy);
    return out;
}

}  // namespace lode::tools
