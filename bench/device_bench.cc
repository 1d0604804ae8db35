// Reads and fills through the production store over a file, for bench/device to set beside fio. One
// core, real rings. First it fills the device (which is not measured); then each line on standard
// input is a depth, asks for one round, and gets one line of JSON:
//
//   read  that many readers, each taking one 1 MiB chunk after the other from the device. No chunk
//         comes twice before all others have, and memory holds few: every read is a device read.
//   fill  that many fills of 8 MiB parts, evicting the oldest, until the last byte is written. The
//         source leaves the frames' bytes as they are (noise, made once, and a number), because
//         where bytes come from is not what is measured.
//
// Bytes are the device's, by the store's counters; CPU is the whole process's, user and system.
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "engine/base/random.h"
#include "engine/runtime/core.h"
#include "engine/runtime/scope.h"
#include "engine/store/part_store.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

constexpr bytes part_length = 8_MiB;
constexpr std::uint32_t part_chunks = 8;
constexpr std::uint32_t fills_at_start = 8;

struct command_line {
    std::string path;
    std::uint64_t size = std::uint64_t{4} << 30U;
    std::uint64_t memory = std::uint64_t{256} << 20U;
    std::string mode;
    double seconds = 4;
};

// The shards, which the first half's low bits name, are filled evenly.
part_key part_number(std::uint64_t number) {
    return {.id = {.high = number, .low = number * 0x9e37'79b9'7f4a'7c15U}, .length = part_length};
}

class frame_noise final : public part_source {
  public:
    task<result<>> fetch(part_offset first, bytes length, fill_sink& sink) override {
        for (std::uint64_t at = first.value(), end = at + length.count(); at < end;) {
            auto room = co_await sink.room();
            if (!room) co_return std::unexpected(room.error());
            stamp(*room, at);
            at += room->size();
            sink.advance(room->size());
        }
        co_return result<>{};
    }
    void abort() override {}

  private:
    static constexpr std::uint64_t mark = 0x6573'696f'6e2d'6f6cU;

    static void stamp(std::span<std::byte> frame, std::uint64_t number) {
        std::uint64_t seen = 0;
        std::memcpy(&seen, frame.data() + sizeof number, sizeof seen);
        if (seen != mark) {
            lode::random chance(number + 1);
            for (std::size_t at = 0; at + sizeof seen <= frame.size(); at += sizeof seen) {
                seen = chance.next();
                std::memcpy(frame.data() + at, &seen, sizeof seen);
            }
        }
        std::memcpy(frame.data(), &number, sizeof number);
        std::memcpy(frame.data() + sizeof number, &mark, sizeof mark);
    }
};

struct world {
    part_store& store;
    const command_line& given;
    std::uint64_t parts = 0;  // that are on the device
    std::uint64_t next_part = 0;
    std::uint64_t next_chunk = 0;
    bool registered = false;
    time_point until = never;
};

task<void> fill_parts(world& here, std::uint64_t parts_max) {
    while (now() < here.until && here.next_part < parts_max) {
        const part_key key = part_number(here.next_part++);
        const auto begun = co_await here.store.fill(key, {.first = 0, .count = part_chunks},
                                                    std::make_unique<frame_noise>());
        LODE_ASSERT(begun.has_value());
        const auto over = co_await here.store.wait(key, never);
        LODE_ASSERT(over.has_value());
    }
}

task<void> read_chunks(world& here) {
    const std::uint64_t chunks = here.parts * part_chunks;
    while (now() < here.until) {
        // A stride that shares no factor with the number of chunks visits each once. What is a
        // prime and does not divide them will do.
        const std::uint64_t n = here.next_chunk++ * 982'451'653 % chunks;
        const auto lease = co_await here.store.read(
            part_number(n / part_chunks), static_cast<std::uint32_t>(n % part_chunks), never);
        LODE_ASSERT(lease.has_value());
        here.registered = ring::current().registered_index(lease->data().data()) >= 0;
    }
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](timeval t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

task<void> run_round(world& here, std::uint32_t depth) {
    const bool fills = here.given.mode == "fill";
    const store_stats before = here.store.stats();
    const double cpu_before = cpu_seconds();
    const time_point begin = now();
    here.until = begin + duration(static_cast<std::int64_t>(here.given.seconds * 1e9));
    scope workers;
    for (std::uint32_t i = 0; i < depth; ++i) {
        workers.spawn(fills ? fill_parts(here, ~std::uint64_t{0}) : read_chunks(here));
    }
    co_await workers.close();
    (void)co_await here.store.settle(never);
    const double seconds = std::chrono::duration<double>(now() - begin).count();
    const double cpu = cpu_seconds() - cpu_before;
    const store_stats after = here.store.stats();
    const std::uint64_t moved = fills ? after.device_write_bytes - before.device_write_bytes
                                      : after.device_read_bytes - before.device_read_bytes;
    fmt::print(R"({{"bytes": {}, "seconds": {:.6f}, "cpu": {:.6f}, "memory_hits": {}, )"
               R"("failures": {}, "registered": {}}})"
               "\n",
               moved, seconds, cpu, after.hits_memory - before.hits_memory,
               after.misses + after.checksum_failures + after.no_space + after.no_memory +
                   after.device_read_errors + after.device_write_errors,
               here.registered);
    std::fflush(stdout);
}

task<void> run_rounds(part_store& store, const command_line& given) {
    const auto started = co_await store.start(core_id(0));
    LODE_ASSERT(started.has_value());
    world here{.store = store, .given = given};
    // Slabs that other shards have over are not counted on.
    here.parts = store.stats().device_capacity / part_length.count() * 15 / 16;
    scope fillers;
    for (std::uint32_t i = 0; i < fills_at_start; ++i) {
        fillers.spawn(fill_parts(here, here.parts));
    }
    co_await fillers.close();
    (void)co_await store.settle(never);
    co_await store.drop_memory();
    fmt::print("ready\n");
    std::fflush(stdout);
    // Between rounds nothing else has to run here.
    for (std::uint32_t depth = 0; std::cin >> depth;) co_await run_round(here, depth);
    co_await store.stop(core_id(0));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("device_bench reads or fills through the store over a file; see bench/device.");
    command_line given;
    app.add_option("--path", given.path, "the file; created if need be")->required();
    app.add_option("--size", given.size, "of the file, in bytes");
    app.add_option("--memory", given.memory, "for chunks, in bytes");
    app.add_option("--mode", given.mode)->required()->check(CLI::IsMember({"read", "fill"}));
    app.add_option("--seconds", given.seconds, "of a round");
    CLI11_PARSE(app, argc, argv);

    store_options o;
    o.memory = bytes(given.memory);
    o.devices = {{.path = given.path, .size = bytes(given.size)}};
    auto store = part_store::open(o);
    if (!store) {
        fmt::print(stderr, "{}\n", store.error());
        return 1;
    }
    core_group group({.cores = 1, .pin = core_group::options::pinning::free});
    if (!group.start([&](core_id) { return run_rounds(**store, given); })) {
        fmt::print(stderr, "the kernel gives no io_uring.\n");
        return 1;
    }
    group.join();
    return 0;
}
