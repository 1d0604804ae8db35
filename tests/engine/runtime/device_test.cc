#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/size_class.h"
#include "engine/runtime/file_device.h"
#include "engine/runtime/frames.h"
#include "engine/runtime/simulated_device.h"
#include "engine/runtime/simulation.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

struct scratch_folder {
    std::filesystem::path path;
    scratch_folder() {
        std::string made = (std::filesystem::temp_directory_path() / "lode-device-XXXXXX").string();
        LODE_ASSERT(mkdtemp(made.data()) != nullptr);
        path = made;
    }
    ~scratch_folder() { std::filesystem::remove_all(path); }
};

enum class frames_are : std::uint8_t { registered, plain };

task<void> write_and_read_back(block_device& device, frames_are kind, bool& same) {
    auto pool = frame_pool::open(8_MiB);
    LODE_ASSERT(pool.has_value());
    if (kind == frames_are::registered) {
        LODE_ASSERT(ring::current().register_memory(pool->arena()).has_value());
        LODE_ASSERT(ring::current().registered_index(pool->arena().data()) == 0);
    }
    const frame out = *pool->try_take(size_class(8));
    const frame in = *pool->try_take(size_class(8));
    for (std::size_t i = 0; i < out.memory().size(); ++i) {
        out.memory()[i] = static_cast<std::byte>(i * 31);
    }

    auto written = co_await device.write(device_offset(12288), out.memory());
    LODE_ASSERT(written.has_value());
    auto flushed = co_await device.flush();
    LODE_ASSERT(flushed.has_value());
    auto read = co_await device.read(device_offset(12288), in.memory());
    LODE_ASSERT(read.has_value());

    same = std::memcmp(in.data, out.data, 1 << 20) == 0;
}

task<void> on_a_file(std::shared_ptr<device_file> file, frames_are kind, bool& same) {
    file_device device(std::move(file));
    co_await write_and_read_back(device, kind, same);
}

}  // namespace

TEST_CASE("what is written to a file comes back, through registered frames or plain ones") {
    const scratch_folder folder;
    auto file = device_file::open({.path = folder.path / "cache", .size = 16_MiB});
    REQUIRE(file);
    CHECK((*file)->size() == 16_MiB);
    bool same = false;

    run_on_core([&] { return on_a_file(*file, frames_are::registered, same); });
    CHECK(same);

    same = false;
    run_on_core([&] { return on_a_file(*file, frames_are::plain, same); });
    CHECK(same);
}

TEST_CASE("a file has its space reserved when it is opened") {
    const scratch_folder folder;

    auto file = device_file::open({.path = folder.path / "cache", .size = 16_MiB});
    REQUIRE(file);

    struct stat facts{};
    REQUIRE(stat((folder.path / "cache").c_str(), &facts) == 0);
    CHECK(static_cast<std::uint64_t>(facts.st_blocks) * 512 >= (16_MiB).count());
}

TEST_CASE("a device that somebody else holds is refused") {
    const scratch_folder folder;
    auto first = device_file::open({.path = folder.path / "cache", .size = 1_MiB});
    REQUIRE(first);

    auto second = device_file::open({.path = folder.path / "cache", .size = 1_MiB});

    REQUIRE(!second);
    CHECK(second.error().code == errc::unavailable);
}

TEST_CASE("a device that its killed holder has not quite let go of is waited for") {
    const scratch_folder folder;
    const device_file::options o{.path = folder.path / "cache", .size = 16_MiB};
    auto holder = device_file::open(o);
    REQUIRE(holder);
    std::thread lets_go([held = std::move(*holder)]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        held.reset();
    });

    const auto next = device_file::open(o);
    lets_go.join();

    CHECK(next);
}

TEST_CASE("a folder or a full disk is no device") {
    const scratch_folder folder;

    CHECK(!device_file::open({.path = folder.path, .size = 1_MiB}));
    CHECK(!device_file::open({.path = folder.path / "missing" / "cache", .size = 1_MiB}));
    auto huge = device_file::open({.path = folder.path / "huge", .size = bytes(1ULL << 50U)});
    REQUIRE(!huge);
    CHECK(huge.error().code == errc::no_space);
}

TEST_CASE("the simulated device keeps what is written to it") {
    simulation world(2);
    simulated_disk disk(16_MiB);
    simulated_device device(disk);
    bool same = false;

    REQUIRE(world.run(write_and_read_back(device, frames_are::plain, same)) ==
            simulation::outcome::finished);

    CHECK(same);
}

namespace {

// A loop device over a file, where this process may make one.
class loop_device {
  public:
    explicit loop_device(const std::filesystem::path& file) {
        const std::string command = "losetup --find --show " + file.string() + " 2>/dev/null";
        FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c)
        if (pipe == nullptr) return;
        char line[64] = {};
        if (fgets(line, sizeof line, pipe) != nullptr) path_ = line;
        pclose(pipe);
        while (!path_.empty() && path_.back() == '\n') path_.pop_back();
    }
    ~loop_device() {
        if (!path_.empty()) (void)!std::system(("losetup --detach " + path_).c_str());
    }
    loop_device(const loop_device&) = delete;
    loop_device& operator=(const loop_device&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace

TEST_CASE("a block device is used whole or in part, and is written with O_DIRECT") {
    const scratch_folder folder;
    std::ofstream(folder.path / "disk").close();
    std::filesystem::resize_file(folder.path / "disk", (64_MiB).count());
    const loop_device loop(folder.path / "disk");
    if (loop.path().empty()) {
        WARN("no loop device can be made here: block devices are not tested");
        return;
    }

    {
        auto whole = device_file::open({.path = loop.path(), .size = 0_B});
        REQUIRE(whole);
        CHECK((*whole)->size() == 64_MiB);
        CHECK((*whole)->direct());
        CHECK(!device_file::open({.path = loop.path(), .size = 0_B}));
    }
    CHECK(!device_file::open({.path = loop.path(), .size = 65_MiB}));
    auto part = device_file::open({.path = loop.path(), .size = 32_MiB});
    REQUIRE(part);
    CHECK((*part)->size() == 32_MiB);
    bool same = false;
    run_on_core([&] { return on_a_file(*part, frames_are::plain, same); });
    CHECK(same);
}
