// Polled transfers. Whether a kernel polls depends on the driver's queues; but ext4 and xfs complete
// the first write to reserved space in every case, so that such writes show the way on any disk.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/runtime/file_device.h"
#include "engine/runtime/frames.h"
#include "engine/runtime/operations.h"
#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

class device_path {
  public:
    explicit device_path(std::string folder) : path_(std::move(folder) + "/lode-polled-XXXXXX") {
        const int fd = ::mkstemp(path_.data());
        if (fd < 0) {
            path_.clear();
            return;
        }
        ::close(fd);
    }
    ~device_path() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    device_path(const device_path&) = delete;
    device_path& operator=(const device_path&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// What is written to standard error while it lives.
class standard_error {
  public:
    standard_error() : kept_(::dup(STDERR_FILENO)), log_(::memfd_create("log", 0)) {
        LODE_ASSERT(kept_ >= 0 && log_ >= 0 && ::dup2(log_, STDERR_FILENO) >= 0);
    }
    ~standard_error() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
        ::close(log_);
    }
    standard_error(const standard_error&) = delete;
    standard_error& operator=(const standard_error&) = delete;

    [[nodiscard]] std::string text() const {
        std::string all(65'536, '\0');
        const ssize_t got = ::pread(log_, all.data(), all.size(), 0);
        all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return all;
    }

  private:
    int kept_;
    int log_;
};

constexpr std::uint64_t writes = 8;

device_offset place(std::uint64_t n) { return device_offset(n << 20U); }

struct seen_while_polling {
    std::uint64_t written = 0;
    bool refused = false;
    std::uint64_t ticks = 0;
    std::uint64_t echoes = 0;
    bool over = false;
};

task<void> write_polled(int fd, ring& polled, seen_while_polling& seen) {
    auto pool = frame_pool::open(2_MiB);
    LODE_ASSERT(pool.has_value());
    const frame from = *pool->try_take(size_class(8));
    for (std::uint64_t n = 0; n < writes; ++n) {
        const auto put = co_await write_at(fd, from.memory(), place(n).value(), polled);
        seen.refused = seen.refused || (!put && put.error().sys == EOPNOTSUPP);
        seen.written += put && *put == from.memory().size() ? 1 : 0;
    }
    seen.over = true;
}

task<void> tick(ring& here, seen_while_polling& seen) {
    while (!seen.over) {
        co_await sleep_for(std::chrono::microseconds(1));
        if (here.polling()) ++seen.ticks;
    }
}

task<void> echo(int mine, int theirs, ring& here, seen_while_polling& seen) {
    std::byte letter{7};
    while (!seen.over) {
        const auto sent = co_await send(mine, {&letter, 1});
        LODE_ASSERT(sent.has_value());
        const auto got = co_await receive(theirs, {&letter, 1});
        LODE_ASSERT(got.has_value() && *got == 1 && letter == std::byte{7});
        if (here.polling()) ++seen.echoes;
    }
}

task<void> write_polled_alone(int fd, seen_while_polling& seen) {
    const auto polled = ring::current().polled();
    LODE_ASSERT(polled.has_value());
    co_await write_polled(fd, **polled, seen);
    LODE_ASSERT(!ring::current().polling());
}

task<void> write_polled_beside_others(int fd, seen_while_polling& seen) {
    const auto polled = ring::current().polled();
    LODE_ASSERT(polled.has_value());
    int ends[2] = {-1, -1};
    LODE_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    scope all;
    all.spawn(write_polled(fd, **polled, seen));
    all.spawn(tick(ring::current(), seen));
    all.spawn(echo(ends[0], ends[1], ring::current(), seen));
    co_await all.close();
    ::close(ends[0]);
    ::close(ends[1]);
}

using writing = task<void> (*)(int, seen_while_polling&);

// Nothing, where this folder's file system is one that refuses.
std::optional<seen_while_polling> polled_writes(writing how) {
    const device_path place("/var/tmp");
    auto file = device_file::open({.path = place.path(), .size = writes * 1_MiB});
    LODE_ASSERT(file.has_value());
    seen_while_polling seen;
    run_on_core([&] { return how((*file)->fd(), seen); });
    if (seen.refused) {
        WARN("/var/tmp refuses polled writes: they are not tested");
        return std::nullopt;
    }
    return seen;
}

}  // namespace

TEST_CASE("a core that waits for a polled transfer alone keeps looking for its end") {
    const auto seen = polled_writes(write_polled_alone);

    if (seen) CHECK(seen->written == writes);
}

TEST_CASE("timers and sockets go on while a core polls") {
    const auto seen = polled_writes(write_polled_beside_others);
    if (!seen) return;

    CHECK(seen->written == writes);
    // Were the core to wait for each transfer, they would have about one turn in that time.
    CHECK(seen->ticks > 3 * writes);
    CHECK(seen->echoes > 3 * writes);
}

namespace {

enum class registers : std::uint8_t { before, after };

task<void> register_frames(registers when, bool& both) {
    auto pool = frame_pool::open(2_MiB);
    LODE_ASSERT(pool.has_value());
    ring& here = ring::current();
    if (when == registers::before) LODE_ASSERT(here.register_memory(pool->arena()).has_value());
    const auto polled = here.polled();
    LODE_ASSERT(polled.has_value() && *polled != &here);
    LODE_ASSERT(*here.polled() == *polled);
    if (when == registers::after) LODE_ASSERT(here.register_memory(pool->arena()).has_value());
    const std::byte* last = pool->arena().data() + pool->arena().size() - 1;
    both = here.registered_index(last) == 0 && (*polled)->registered_index(last) == 0;
    co_return;
}

}  // namespace

TEST_CASE("memory is registered for polled transfers too, whichever came first") {
    for (const auto when : {registers::before, registers::after}) {
        bool both = false;
        run_on_core([&] { return register_frames(when, both); });
        CHECK(both);
    }
}

namespace {

struct transfers {
    int right = 0;
    int failed = 0;
};

task<void> write_and_read(block_device& device, frame out, frame in, std::uint64_t n,
                          transfers& seen) {
    std::memset(out.data, static_cast<int>(n + 1), out.memory().size());
    std::memset(in.data, 0, in.memory().size());
    const auto put = co_await device.write(place(n), out.memory());
    const auto got = co_await device.read(place(n), in.memory());
    seen.failed += (put ? 0 : 1) + (got ? 0 : 1);
    seen.right += std::memcmp(out.data, in.data, in.memory().size()) == 0 ? 1 : 0;
}

task<void> use_polled_device(std::shared_ptr<device_file> file, transfers& seen) {
    auto pool = frame_pool::open(bytes(2 * writes << 20U));
    LODE_ASSERT(pool.has_value());
    file_device device(file);
    LODE_ASSERT(ring::current().register_memory(pool->arena()).has_value());
    scope all;  // so that several are in flight when the first is refused
    for (std::uint64_t n = 0; n < writes; ++n) {
        const frame out = *pool->try_take(size_class(8));
        const frame in = *pool->try_take(size_class(8));
        all.spawn(write_and_read(device, out, in, n, seen));
    }
    co_await all.close();
    LODE_ASSERT((co_await device.flush()).has_value());
    LODE_ASSERT(!ring::current().polling());
}

std::size_t count_of(std::string_view word, std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("what is written to a polled device comes back") {
    const device_path place("/var/tmp");
    auto file = device_file::open(
        {.path = place.path(), .size = writes * 1_MiB, .completion = io_completion::poll});
    REQUIRE(file);
    CHECK((*file)->polled());
    transfers seen;

    run_on_core([&] { return use_polled_device(*file, seen); });

    CHECK(seen.failed == 0);
    CHECK(seen.right == writes);
}

TEST_CASE("a device that refuses to be polled goes on by interrupt, with one warning") {
    const device_path place("/dev/shm");
    if (place.path().empty()) {
        WARN("no file can be made in /dev/shm: the refusal is not tested");
        return;
    }
    transfers seen;
    std::string log;
    bool polled = true;
    {
        const standard_error captured;
        // A file system in memory has no queue to poll; an older one refuses O_DIRECT as well.
        auto file = device_file::open(
            {.path = place.path(), .size = writes * 1_MiB, .completion = io_completion::poll});
        REQUIRE(file);
        run_on_core([&] { return use_polled_device(*file, seen); });
        polled = (*file)->polled();
        log = captured.text();
    }

    CHECK(seen.failed == 0);
    CHECK(seen.right == writes);
    CHECK_FALSE(polled);
    INFO(log);
    CHECK(count_of(place.path() + " cannot be polled (", log) == 1);
}

TEST_CASE("a device that nobody asked to poll is not polled") {
    const device_path place("/var/tmp");

    auto file = device_file::open({.path = place.path(), .size = 1_MiB});

    REQUIRE(file);
    CHECK_FALSE((*file)->polled());
}
