#include "tools/lode/host_check.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend/access/key_file.h"
#include "tests/catch.h"
#include "tests/tools/lode/fake_host.h"
#include "tools/lode/descriptor.h"

using namespace lode;
using namespace lode::tools;
using namespace lode::literals;
using frontend::settings;

namespace {

environment empty_environment() {
    return [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
}

settings with_device() {
    settings s;
    s.origin.gateway = "http://10.0.0.1:8000";
    s.cache.devices = {{.path = "/cache.0", .size = 1_TiB}};
    return s;
}

// The mark, the sentence and the remedy as they are printed.
std::string printed(const finding& f) { return print_finding(f); }

class temporary_directory {
  public:
    temporary_directory() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
    ~temporary_directory() {
        unlink(file("cache").c_str());
        rmdir(path_.c_str());
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_ = "/tmp/lode-host-XXXXXX";
};

}  // namespace

TEST_CASE("a host where all is well has only fine findings") {
    fake_host host;

    const auto found = check_host(with_device(), empty_environment(), host, origin_probe::connect);

    CHECK(worst_of(found) == severity::fine);
    for (const finding& f : found) {
        CHECK(f.sentence.ends_with('.'));
        CHECK(f.remedy.empty());
    }
}

TEST_CASE("the worst finding counts") {
    CHECK(worst_of({}) == severity::fine);
    const finding some[] = {{severity::fine, "", ""}, {severity::warning, "", ""}};
    CHECK(worst_of(some) == severity::warning);
    const finding all[] = {{severity::fatal, "", ""}, {severity::warning, "", ""}};
    CHECK(worst_of(all) == severity::fatal);
}

TEST_CASE("a start does not wait for the origin, a check does") {
    fake_host host;
    host.connect = ECONNREFUSED;

    CHECK(worst_of(check_host(with_device(), empty_environment(), host, origin_probe::skip)) ==
          severity::fine);
    CHECK(worst_of(check_host(with_device(), empty_environment(), host, origin_probe::connect)) ==
          severity::warning);
}

TEST_CASE("why there is no io_uring is told apart") {
    fake_host host;
    host.ring = host.plain_ring = EPERM;
    const std::string allow =
        "      Allow io_uring_setup, io_uring_enter and io_uring_register in the profile";

    SECTION("nothing is wrong") {
        host.ring = 0;
        CHECK(printed(check_ring(host)) == " ok   The kernel (6.1.0-28-amd64) offers io_uring.\n");
    }
    SECTION("the kernel refuses the flags") {
        host.ring = EINVAL;
        host.plain_ring = 0;
        host.release = "5.15.0";
        CHECK(printed(check_ring(host)) ==
              "FAIL  The kernel (5.15.0) is too old for lode's use of io_uring (SINGLE_ISSUER, "
              "DEFER_TASKRUN): Invalid argument.\n"
              "      Run Linux 6.1 or newer.\n");
    }
    SECTION("the kernel is older than io_uring") {
        host.ring = host.plain_ring = ENOSYS;
        host.release = "4.19.0";
        CHECK(check_ring(host).remedy == "Run Linux 6.1 or newer.");
    }
    SECTION("6.0 is old and 6.1 is not") {
        host.ring = host.plain_ring = ENOSYS;
        host.release = "6.0.99";
        CHECK(check_ring(host).remedy == "Run Linux 6.1 or newer.");
        for (const auto* release : {"6.1.0", "6.10", "10.0", "strange", ""}) {
            host.release = release;
            CHECK(check_ring(host).remedy != "Run Linux 6.1 or newer.");
        }
    }
    SECTION("the sysctl disables it for all") {
        host.disabled = 2;
        CHECK(printed(check_ring(host)) ==
              "FAIL  io_uring is disabled for every process (kernel.io_uring_disabled = 2).\n"
              "      Run `sysctl -w kernel.io_uring_disabled=0`.\n");
    }
    SECTION("the sysctl disables it for most") {
        host.disabled = 1;
        CHECK(printed(check_ring(host)) ==
              "FAIL  io_uring is disabled for unprivileged processes (kernel.io_uring_disabled = "
              "1).\n"
              "      Add lode's group to kernel.io_uring_group, or run `sysctl -w "
              "kernel.io_uring_disabled=0`.\n");
    }
    SECTION("a filter forbids it") {
        for (const auto without : {std::optional<int>(0), std::optional<int>()}) {
            host.disabled = without;
            CHECK(printed(check_ring(host)) ==
                  "FAIL  A security filter, such as a container's seccomp profile, forbids "
                  "io_uring: Operation not permitted.\n" +
                      allow + ".\n");
        }
    }
    SECTION("a filter hides it") {
        host.ring = host.plain_ring = ENOSYS;
        CHECK(printed(check_ring(host)) ==
              "FAIL  This kernel (6.1.0-28-amd64) was built without io_uring, or a security "
              "filter hides it.\n" +
                  allow + ", or run a kernel that has them.\n");
    }
    SECTION("something else") {
        host.ring = host.plain_ring = ENOMEM;
        CHECK(printed(check_ring(host)) ==
              "FAIL  The kernel (6.1.0-28-amd64) refuses an io_uring: Cannot allocate memory.\n"
              "      See what the kernel's log says about it.\n");
    }
}

TEST_CASE("the limit on locked memory matters to an unprivileged process with a device") {
    fake_host host;
    settings s = with_device();
    s.node.memory = 4_GiB;

    host.locked.soft = (4_GiB).count();
    CHECK(check_locked_memory(s, host).how == severity::fine);
    host.locked.soft = (8_MiB).count();
    CHECK(printed(check_locked_memory(s, host)) ==
          "warn  This process may lock 8MiB of memory, less than the 4GiB of node.memory, so "
          "device reads cannot use registered memory and cost more CPU.\n"
          "      Set LimitMEMLOCK=infinity in the unit, or run `ulimit -l unlimited` before "
          "lode.\n");
    host.locked.soft = (4_GiB).count() - 1;
    CHECK(check_locked_memory(s, host).how == severity::warning);

    s.cache.devices.front().completion = engine::io_completion::poll;
    host.locked.soft = (8_GiB).count();
    CHECK(check_locked_memory(s, host).how == severity::fine);
    host.locked.soft = (8_GiB).count() - 1;
    CHECK(
        printed(check_locked_memory(s, host)).contains("less than twice the 4GiB of node.memory"));

    host.privileged = true;
    CHECK(check_locked_memory(s, host).how == severity::fine);
    host.privileged = false;
    s.cache.devices.clear();
    CHECK(check_locked_memory(s, host).how == severity::fine);
}

TEST_CASE("the limit on open files is raised where the host allows it") {
    fake_host host;
    settings s = with_device();
    s.limits.connections = 1000;
    s.origin.connections = 10;
    // 1,000 clients, 4 cores with 10 connections each, a device and 256 of lode's own.
    REQUIRE(descriptors_needed(s, host) == 1297);

    SECTION("it is high enough") {
        host.files = {.soft = 1297, .hard = 1297};
        CHECK(check_descriptors(s, host).sentence ==
              "The limit on open files leaves room for every client.");
    }
    SECTION("the hard limit leaves room") {
        host.files = {.soft = 1296, .hard = 1297};
        CHECK(printed(check_descriptors(s, host)) ==
              " ok   lode raises the limit on open files from 1296 to 1297 when it starts.\n");
        raise_descriptor_limit(s, host);
        CHECK(host.files.soft == 1297);
    }
    SECTION("the hard limit does not") {
        host.files = {.soft = 256, .hard = 1296};
        host.raise_allowed = 1296;
        CHECK(printed(check_descriptors(s, host)) ==
              "warn  At most 1296 files may be open, and limits.connections with "
              "origin.connections may need 1297.\n"
              "      Set LimitNOFILE=1297 in the unit, or lower limits.connections.\n");
        raise_descriptor_limit(s, host);
        CHECK(host.files.soft == 1296);
    }
    SECTION("nothing is lowered") {
        host.files = {.soft = 5000, .hard = 5000};
        raise_descriptor_limit(s, host);
        CHECK(host.files.soft == 5000);
    }
}

TEST_CASE("memory and cores that the host does not have are warned of") {
    fake_host host;
    settings s;
    host.memory_size = 10_GiB;
    s.node.memory = 9_GiB;
    CHECK(check_memory(s, host).how == severity::fine);
    s.node.memory = 9_GiB + 1_MiB;
    CHECK(printed(check_memory(s, host)) ==
          "warn  node.memory is 9.0GiB, and this host has 10GiB in all.\n"
          "      Lower node.memory, or the kernel may end lode when memory runs out.\n");

    s.node.cores = 4;
    CHECK(check_cores(s, host).how == severity::fine);
    s.node.cores = 5;
    CHECK(printed(check_cores(s, host)) ==
          "warn  node.cores is 5, and this process may use 4 CPUs.\n"
          "      Set node.cores to 0 to use one core for each CPU.\n");
}

TEST_CASE("a clock that is years off is warned of") {
    using std::chrono::year;
    fake_host host;
    for (const auto& [day, how] : {std::pair(year(2024) / 12 / 31, severity::warning),
                                   std::pair(year(2025) / 1 / 1, severity::fine),
                                   std::pair(year(2099) / 12 / 31, severity::fine),
                                   std::pair(year(2100) / 1 / 1, severity::warning)}) {
        host.now = std::chrono::sys_days(day);
        CHECK(check_clock(host).how == how);
    }
    CHECK(printed(check_clock(host)) ==
          "warn  The clock of this host is wrong by years, so signatures and certificates will be "
          "refused.\n"
          "      Synchronise the clock.\n");
}

TEST_CASE("what is wrong with a device is told apart") {
    using kind = device_facts::kind;
    fake_host host;
    frontend::device_settings device{.path = "/cache.0", .size = 1_TiB};

    SECTION("a file that will fit") {
        host.device.room = 1_TiB;
        CHECK(printed(check_device(device, host)) ==
              " ok   The device /cache.0 can be used, with O_DIRECT.\n");
    }
    SECTION("a file that will not") {
        host.device.room = 1_TiB - 1_GiB;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  /cache.0 needs 1TiB more, and its file system has 1023GiB free.\n"
              "      Make room, or set cache.device.size lower.\n");
    }
    SECTION("a file that has its space already") {
        host.device = {.what = kind::file, .present = 1_TiB, .room = 0_B};
        CHECK(check_device(device, host).how == severity::fine);
        device.size = 1_TiB + 1_B;
        CHECK(check_device(device, host).how == severity::fatal);
    }
    SECTION("a file without a size") {
        device.size = 0_B;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  /cache.0 is a file, and its cache.device.size is not set.\n"
              "      Set cache.device.size to the size that the file shall have.\n");
    }
    SECTION("a block device") {
        host.device = {.what = kind::block, .present = 1_TiB};
        CHECK(check_device(device, host).how == severity::fine);
        device.size = 0_B;
        CHECK(check_device(device, host).how == severity::fine);
        device.size = 2_TiB;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  The block device /cache.0 has 1TiB, less than the 2TiB of its "
              "cache.device.size.\n"
              "      Set cache.device.size to \"0B\" to use all of it.\n");
    }
    SECTION("a block device that is mounted") {
        host.device = {.refused = EBUSY, .what = kind::block};
        CHECK(printed(check_device(device, host)) ==
              "FAIL  The device /cache.0 cannot be opened: Device or resource busy.\n"
              "      It is mounted or part of another device: choose one that is free.\n");
    }
    SECTION("a block device that does not exist") {
        device.path = "/dev/nvme9n1";
        CHECK(
            printed(check_device(device, host)) ==
            "FAIL  There is no block device /dev/nvme9n1, and a file there would live in memory.\n"
            "      Correct cache.device.path; `lsblk` lists the devices of this host.\n");
        device.path = "/dev/shm/cache";
        CHECK(check_device(device, host).how == severity::fine);
        host.device.what = kind::block;
        host.device.present = 1_TiB;
        device.path = "/dev/nvme9n1";
        CHECK(check_device(device, host).how == severity::fine);
    }
    SECTION("no directory") {
        host.device.refused = ENOENT;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  The device /cache.0 cannot be opened: No such file or directory.\n"
              "      Create its directory, and let the user that runs lode write to it.\n");
    }
    SECTION("no permission") {
        host.device.refused = EACCES;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  The device /cache.0 cannot be opened: Permission denied.\n"
              "      Let the user that runs lode read and write it.\n");
    }
    SECTION("a directory") {
        host.device.what = kind::other;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  /cache.0 is neither a file nor a block device.\n"
              "      Set cache.device.path to one of them.\n");
    }
    SECTION("another process") {
        host.device.locked = true;
        CHECK(printed(check_device(device, host)) ==
              "FAIL  The device /cache.0 is in use by another process.\n"
              "      Stop that process, which may be another lode, or choose another path.\n");
    }
    SECTION("no O_DIRECT") {
        host.device.direct = false;
        CHECK(printed(check_device(device, host)) ==
              "warn  The file system of /cache.0 refuses O_DIRECT, so lode reads it through the "
              "page cache, at the cost of memory and CPU.\n"
              "      Put the device on ext4, XFS or a block device.\n");
    }
}

TEST_CASE("why an address cannot be listened on is told apart") {
    fake_host host;
    const auto say = [&](int failed) {
        host.listen = failed;
        return printed(check_listener("listen.s3", "0.0.0.0:80", host));
    };
    CHECK(say(0) == " ok   listen.s3 can listen on 0.0.0.0:80.\n");
    CHECK(say(EADDRINUSE) ==
          "FAIL  listen.s3 cannot listen on 0.0.0.0:80: Address already in use.\n"
          "      Stop the process that listens there, which may be another lode, or choose another "
          "port.\n");
    CHECK(say(EADDRNOTAVAIL) ==
          "FAIL  listen.s3 cannot listen on 0.0.0.0:80: Cannot assign requested address.\n"
          "      Choose an address that this host has, or 0.0.0.0 for all of them.\n");
    CHECK(say(EACCES) ==
          "FAIL  listen.s3 cannot listen on 0.0.0.0:80: Permission denied.\n"
          "      Choose a port from 1024 up, or give lode the capability CAP_NET_BIND_SERVICE.\n");
    CHECK(say(EAFNOSUPPORT) ==
          "FAIL  listen.s3 cannot listen on 0.0.0.0:80: Address family not supported by "
          "protocol.\n"
          "      Choose another address.\n");
}

TEST_CASE("an origin that cannot be reached is a warning") {
    fake_host host;
    CHECK(check_origin(with_device(), host).how == severity::fine);
    host.connect = ECONNREFUSED;
    CHECK(printed(check_origin(with_device(), host)) ==
          "warn  The gateway http://10.0.0.1:8000 cannot be reached: Connection refused.\n"
          "      Start it or correct origin.gateway; until then lode answers 503.\n");
    host.connect = EHOSTUNREACH;
    CHECK(check_origin(with_device(), host).sentence ==
          "The gateway http://10.0.0.1:8000 cannot be reached: no such host, or no way to it.");
}

TEST_CASE("files that lode needs are tried") {
    fake_host host;
    settings s = with_device();
    s.origin.ca_file = "/ca.pem";
    s.log.access = "/log";
    const auto worst = [&] {
        return worst_of(check_host(s, empty_environment(), host, origin_probe::skip));
    };
    CHECK(worst() == severity::fine);

    host.read = ENOENT;
    CHECK(worst() == severity::fatal);
    CHECK(printed(check_ca_file("origin.ca_file", "/ca.pem", host)) ==
          "FAIL  origin.ca_file /ca.pem cannot be read: No such file or directory.\n"
          "      Correct the path, or let the user that runs lode read it.\n");
    host.read = 0;

    host.write = EACCES;
    CHECK(worst() == severity::fatal);
    CHECK(printed(check_access_log("/log", host)) ==
          "FAIL  The access log /log cannot be written: Permission denied.\n"
          "      Correct log.access, or let the user that runs lode write to it.\n");
    s.log.access = "-";
    CHECK(worst() == severity::fine);
}

TEST_CASE("an identity that cannot be read is fatal, one that all may read is a warning") {
    fake_host host;
    settings s = with_device();
    const environment keys = [](const std::string& name) -> std::optional<std::string> {
        if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "SECRET";
        return std::nullopt;
    };
    CHECK(check_identity(s, keys, host).sentence == "lode has an identity of its own.");
    CHECK(check_identity(s, empty_environment(), host).sentence ==
          "lode has no identity of its own and caches what its clients read.");

    s.origin.credentials = "/no/such/file";
    CHECK(printed(check_identity(s, keys, host)) ==
          "FAIL  The credentials file /no/such/file cannot be read: No such file or directory.\n"
          "      Correct it; lode does without an identity only when none is named.\n");

    const temporary_directory directory;
    s.origin.credentials = directory.file("cache");
    std::ofstream(s.origin.credentials)
        << "[default]\naws_access_key_id = A\naws_secret_access_key = SECRET\n";
    CHECK(check_identity(s, empty_environment(), host).how == severity::fine);
    host.world_readable = true;
    CHECK(printed(check_identity(s, empty_environment(), host)) ==
          "warn  Every user of this host may read the credentials file " + s.origin.credentials +
              ".\n      Run `chmod 600 " + s.origin.credentials + "`.\n");
}

TEST_CASE("asking the gateway in lode's own name takes an identity") {
    fake_host host;
    settings s = with_device();
    for (const auto mode : {frontend::auth_mode::local, frontend::auth_mode::trust}) {
        s.auth.mode = mode;
        CHECK(
            printed(check_identity(s, empty_environment(), host)) ==
            "FAIL  lode has no identity of its own, but auth.mode makes it ask the gateway in its "
            "own name.\n"
            "      Set origin.credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n");
    }
}

TEST_CASE("the key file is checked: its contents, and who may read it") {
    fake_host host;
    const temporary_directory directory;
    settings s = with_device();
    s.auth = {.mode = frontend::auth_mode::local, .keys = directory.file("cache")};
    CHECK(printed(check_keys(s, host)) ==
          "FAIL  auth.keys: " + s.auth.keys +
              ": expected a file that can be read: No such file or directory.\n"
              "      Correct the file.\n");

    std::ofstream(s.auth.keys) << "[[key]]\naccess_key = \"AAA\"\nsecret_key = \"short\"\n";
    CHECK(printed(check_keys(s, host)) ==
          "FAIL  auth.keys: " + s.auth.keys +
              ":3: secret_key: expected 8 to 128 printable characters without blanks.\n"
              "      Correct the file.\n");

    std::ofstream(s.auth.keys) << "[[key]]\naccess_key = \"AAA\"\nsecret_key = \"long enough\"\n";
    CHECK(check_keys(s, host).how == severity::fatal);
    std::ofstream(s.auth.keys) << "[[key]]\naccess_key = \"AAA\"\nsecret_key = \"long-enough\"\n";
    CHECK(check_keys(s, host).sentence == s.auth.keys + " has 1 keys of clients.");
    host.world_readable = true;
    CHECK(printed(check_keys(s, host)) ==
          "warn  Every user of this host may read the clients' secrets in " + s.auth.keys +
              ".\n      Run `chmod 600 " + s.auth.keys + "`.\n");
}

TEST_CASE("a lode that trusts its clients says whom that means") {
    settings s = with_device();
    s.auth.mode = frontend::auth_mode::trust;
    CHECK(check_trust(s).how == severity::warning);
    CHECK(check_trust(s).sentence.find("every user of this host may") != std::string::npos);
    s.auth.trusted = frontend::trusted_clients::anyone;
    CHECK(check_trust(s).sentence.find("everybody who reaches 0.0.0.0:9000 may") !=
          std::string::npos);
}

TEST_CASE("the packaged example of a key file is one") {
    const auto keys = frontend::access::load_key_file(KEYS_EXAMPLE_FILE);

    REQUIRE(keys.has_value());
    CHECK((*keys)->size() == 2);
}

TEST_CASE("probing a device leaves nothing behind") {
    const temporary_directory directory;
    const auto host = this_host();

    const device_facts facts = host->probe_device(directory.file("cache"));

    CHECK(facts.refused == 0);
    CHECK(facts.what == device_facts::kind::missing);
    CHECK(facts.room > 0_B);
    CHECK(access(directory.file("cache").c_str(), F_OK) != 0);
}

TEST_CASE("probing a device sees its size, its lock and what it is") {
    const temporary_directory directory;
    const std::string path = directory.file("cache");
    const auto host = this_host();
    const descriptor file(open(path.c_str(), O_CREAT | O_RDWR, 0600));
    REQUIRE(file);
    REQUIRE(posix_fallocate(file.fd(), 0, 1 << 20) == 0);

    const device_facts free = host->probe_device(path);
    CHECK(free.what == device_facts::kind::file);
    CHECK(free.present >= 1_MiB);
    CHECK_FALSE(free.locked);

    REQUIRE(flock(file.fd(), LOCK_EX) == 0);
    CHECK(host->probe_device(path).locked);

    CHECK(host->probe_device("/tmp").what == device_facts::kind::other);
    CHECK(host->probe_device("/no/such/directory/cache").refused == ENOENT);
    CHECK(host->probe_device(path + "/below").refused == ENOTDIR);
}

TEST_CASE("probing an address finds one that is taken") {
    const auto host = this_host();
    const descriptor s(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    REQUIRE(bind(s.fd(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(listen(s.fd(), 1) == 0);
    REQUIRE(getsockname(s.fd(), reinterpret_cast<sockaddr*>(&at), &length) == 0);
    const std::uint16_t port = ntohs(at.sin_port);
    const endpoint there{.host = "127.0.0.1", .port = port};

    CHECK(host->try_listen("127.0.0.1:" + std::to_string(port)) == EADDRINUSE);
    CHECK(host->try_connect(there, std::chrono::seconds(5)) == 0);
    CHECK(host->try_connect({.host = "no-such-host.invalid", .port = port},
                            std::chrono::seconds(5)) == EHOSTUNREACH);
    CHECK(host->try_listen("192.0.2.1:9000") == EADDRNOTAVAIL);
}

TEST_CASE("a port that nobody listens on refuses") {
    const auto host = this_host();
    CHECK(host->try_connect({.host = "127.0.0.1", .port = 1}, std::chrono::seconds(5)) ==
          ECONNREFUSED);
}

TEST_CASE("this host knows its own size") {
    const auto host = this_host();
    CHECK(host->cpus() >= 1);
    CHECK(host->memory() > 64_MiB);
    CHECK(host->kernel_release().contains('.'));
    CHECK(host->descriptors().soft <= host->descriptors().hard);
    CHECK(host->try_read("/dev/null") == 0);
    CHECK(host->try_read("/no/such/file") == ENOENT);
    CHECK(host->try_write("/tmp/lode-no-such-file") == 0);
    CHECK(host->try_write("/no/such/file") == ENOENT);
}
