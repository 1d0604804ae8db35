#include "tools/lode/host_view.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <liburing.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "engine/runtime/address.h"
#include "engine/runtime/file_device.h"
#include "tools/lode/descriptor.h"
#include "tools/lode/small_file.h"

namespace lode::tools {
namespace {

constexpr bytes proc_file_max{std::uint64_t{64} << 10U};

std::string directory_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

resource_limit limit_of(int resource) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return {};
    const auto plain = [](rlim_t value) {
        return value == RLIM_INFINITY ? resource_limit::unlimited : std::uint64_t{value};
    };
    return {.soft = plain(limit.rlim_cur), .hard = plain(limit.rlim_max)};
}

// The number in base `base` that follows `name` in a file of /proc.
std::optional<std::uint64_t> number_after(const std::string& file, std::string_view name,
                                          int base) {
    const auto text = read_small_file(file, proc_file_max);
    if (!text) return std::nullopt;
    auto at = text->find(name);
    if (at == std::string::npos) return std::nullopt;
    at = text->find_first_not_of(" \t", at + name.size());
    if (at == std::string::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto read = std::from_chars(text->data() + at, text->data() + text->size(), value, base);
    if (read.ec != std::errc()) return std::nullopt;
    return value;
}

bytes room_below(const std::string& directory) {
    struct statvfs facts{};
    if (statvfs(directory.c_str(), &facts) != 0) return bytes(0);
    // What root alone may use is room only for root.
    const auto blocks = geteuid() == 0 ? facts.f_bfree : facts.f_bavail;
    return bytes(std::uint64_t{blocks} * facts.f_frsize);
}

// Learns what a new file at `path` would find, and leaves none.
device_facts probe_missing(const std::string& path) {
    const std::string directory = directory_of(path);
    device_facts facts{.room = room_below(directory)};
    const auto create = [&](int flags) {
        descriptor made(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600));
        if (made || errno != EOPNOTSUPP) return made;
        // A file system without nameless files.
        made = descriptor(open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | flags, 0600));
        const int saved = errno;
        // O_CREAT leaves its file behind even when O_DIRECT is then refused.
        if (made || saved == EINVAL) unlink(path.c_str());
        errno = saved;
        return made;
    };
    descriptor made = create(O_DIRECT);
    if (!made && errno == EINVAL) {
        facts.direct = false;
        made = create(0);
    }
    if (!made) facts.refused = errno;
    return facts;
}

device_facts probe_present(const std::string& path, const struct stat& found) {
    device_facts facts;
    facts.what = S_ISREG(found.st_mode)   ? device_facts::kind::file
                 : S_ISBLK(found.st_mode) ? device_facts::kind::block
                                          : device_facts::kind::other;
    if (facts.what == device_facts::kind::other) return facts;

    // On a block device O_EXCL asks whether the system uses it, mounted or as a part of another.
    const int flags = O_RDWR | O_CLOEXEC | (S_ISBLK(found.st_mode) ? O_EXCL : 0);
    descriptor file(open(path.c_str(), flags | O_DIRECT));
    if (!file && errno == EINVAL) {
        facts.direct = false;
        file = descriptor(open(path.c_str(), flags));
    }
    if (!file) {
        facts.refused = errno;
        return facts;
    }
    facts.locked = !engine::lock_for_one(file.fd());
    if (facts.what == device_facts::kind::block) {
        std::uint64_t size = 0;
        if (ioctl(file.fd(), BLKGETSIZE64, &size) != 0) facts.refused = errno;
        facts.present = bytes(size);
    } else {
        facts.present = bytes(static_cast<std::uint64_t>(found.st_blocks) * 512);
        facts.room = room_below(directory_of(path));
    }
    return facts;
}

// Connects within `limit`; the errno of the failure, or 0.
int connect_within(const engine::socket_address& to, duration limit) {
    const descriptor s(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!s) return errno;
    if (connect(s.fd(), to.data(), to.length()) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd waiting{.fd = s.fd(), .events = POLLOUT, .revents = 0};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    const int ready = poll(&waiting, 1, static_cast<int>(wait));
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    int failed = 0;
    socklen_t length = sizeof failed;
    if (getsockopt(s.fd(), SOL_SOCKET, SO_ERROR, &failed, &length) != 0) return errno;
    return failed;
}

class real_host final : public host_view {
  public:
    int try_ring(ring_kind kind) override {
        io_uring_params params{};
        if (kind == ring_kind::as_lode_needs) {
            params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        }
        io_uring ring{};
        const int failed = io_uring_queue_init_params(8, &ring, &params);
        if (failed < 0) return -failed;
        io_uring_queue_exit(&ring);
        return 0;
    }

    std::optional<int> io_uring_disabled() override {
        const auto value = number_after("/proc/sys/kernel/io_uring_disabled", "", 10);
        return value.transform([](std::uint64_t n) { return static_cast<int>(n); });
    }

    std::string kernel_release() override {
        utsname names{};
        return uname(&names) == 0 ? names.release : "?";
    }

    bool may_lock_any_memory() override {
        const auto held = number_after("/proc/self/status", "CapEff:", 16).value_or(0);
        return (held >> unsigned{CAP_IPC_LOCK} & 1U) != 0;
    }

    resource_limit locked_memory() override { return limit_of(RLIMIT_MEMLOCK); }
    resource_limit descriptors() override { return limit_of(RLIMIT_NOFILE); }

    int raise_descriptors(std::uint64_t soft) override {
        rlimit limit{};
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
        limit.rlim_cur = soft;
        limit.rlim_max = std::max<rlim_t>(limit.rlim_max, soft);
        return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
    }

    unsigned cpus() override {
        cpu_set_t allowed;
        CPU_ZERO(&allowed);
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
        return static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
    }

    bytes memory() override {
        return bytes(static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
    }

    device_facts probe_device(const std::string& path) override {
        struct stat found{};
        if (stat(path.c_str(), &found) == 0) return probe_present(path, found);
        if (errno == ENOENT) return probe_missing(path);
        return {.refused = errno};
    }

    int try_read(const std::string& path) override {
        const descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        return file ? 0 : errno;
    }

    int try_write(const std::string& path) override {
        if (access(path.c_str(), W_OK) == 0) return 0;
        if (errno != ENOENT) return errno;
        return access(directory_of(path).c_str(), W_OK | X_OK) == 0 ? 0 : errno;
    }

    bool others_may_read(const std::string& path) override {
        struct stat found{};
        return stat(path.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0;
    }

    int try_listen(const std::string& address) override {
        const auto at = engine::socket_address::parse(address);
        if (!at) return EINVAL;
        const descriptor s(socket(at->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!s) return errno;
        // Connections of an earlier process that wait out their time do not count.
        const int on = 1;
        if (setsockopt(s.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
        if (bind(s.fd(), at->data(), at->length()) != 0) return errno;
        return listen(s.fd(), 1) == 0 ? 0 : errno;
    }

    int try_connect(const endpoint& to, duration limit) override {
        const auto addresses = engine::socket_address::resolve(to.host, to.port);
        if (!addresses) return EHOSTUNREACH;
        int failed = EHOSTUNREACH;
        for (const auto& address : *addresses) {
            failed = connect_within(address, limit);
            if (failed == 0) return 0;
        }
        return failed;
    }

    wall_time wall() override { return system_clock().wall(); }
};

}  // namespace

std::unique_ptr<host_view> this_host() { return std::make_unique<real_host>(); }

}  // namespace lode::tools
