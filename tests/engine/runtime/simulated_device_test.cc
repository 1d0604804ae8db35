#include "engine/runtime/simulated_device.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/runtime/scope.h"
#include "engine/runtime/simulation.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

struct crash_outcome {
    int kept_whole = 0;
    int lost = 0;
    int torn = 0;
    int flushed_lost = 0;
};

task<void> write_two_flush_one(simulated_disk& disk) {
    simulated_device device(disk);
    const std::vector<std::byte> ones(4096, std::byte{1});
    const std::vector<std::byte> twos(8192, std::byte{2});
    LODE_ASSERT((co_await device.write(device_offset(0), ones)).has_value());
    LODE_ASSERT((co_await device.flush()).has_value());
    LODE_ASSERT((co_await device.write(device_offset(4096), twos)).has_value());
}

task<void> look(simulated_disk& disk, crash_outcome& seen) {
    simulated_device device(disk);
    std::vector<std::byte> read(12288);
    LODE_ASSERT((co_await device.read(device_offset(0), read)).has_value());
    for (std::size_t i = 0; i < 4096; ++i) seen.flushed_lost += read[i] == std::byte{1} ? 0 : 1;
    std::size_t kept = 0;
    for (std::size_t i = 4096; i < read.size(); ++i) kept += read[i] == std::byte{2} ? 1 : 0;
    LODE_ASSERT(kept % simulated_disk::sector == 0);
    if (kept == 0) {
        ++seen.lost;
    } else if (kept == 8192) {
        ++seen.kept_whole;
    } else {
        ++seen.torn;
    }
}

}  // namespace

TEST_CASE("a crash keeps what was flushed, and keeps, loses or tears the rest") {
    crash_outcome seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        simulation world(seed);
        simulated_disk disk(1_MiB);
        REQUIRE(world.run(write_two_flush_one(disk)) == simulation::outcome::finished);

        disk.crash(world.chance());

        REQUIRE(world.run(look(disk, seen)) == simulation::outcome::finished);
    }
    CHECK(seen.flushed_lost == 0);
    CHECK(seen.kept_whole > 0);
    CHECK(seen.lost > 0);
    CHECK(seen.torn > 0);
}

namespace {

task<void> count_faults(simulated_device& device, int& errors, int& wrong) {
    std::vector<std::byte> read(4096);
    for (int i = 0; i < 1000; ++i) {
        auto got = co_await device.read(device_offset(0), read);
        if (!got) {
            ++errors;
            continue;
        }
        for (const std::byte b : read) wrong += b == std::byte{0} ? 0 : 1;
    }
}

}  // namespace

TEST_CASE("the simulated device fails and flips bits about as often as it is told") {
    simulation world(4);
    simulated_disk disk(1_MiB);
    simulated_device device(disk, {.read_error = 10, .read_bit_flip = 10});
    int errors = 0;
    int wrong = 0;

    REQUIRE(world.run(count_faults(device, errors, wrong)) == simulation::outcome::finished);

    CHECK((errors > 50 && errors < 200));
    CHECK((wrong > 50 && wrong < 200));
}

namespace {

task<void> write_filled(simulated_disk& disk, device_offset at, std::size_t length, int with) {
    simulated_device device(disk);
    const std::vector<std::byte> data(length, static_cast<std::byte>(with));
    LODE_ASSERT((co_await device.write(at, data)).has_value());
}

task<void> write_three(simulated_disk& disk) {
    co_await write_filled(disk, device_offset(0), 4096, 1);
    co_await write_filled(disk, device_offset(2048), 4096, 2);  // over the end of the first
    co_await write_filled(disk, device_offset(8192), 4096, 3);
}

task<void> flush(simulated_disk& disk) {
    simulated_device device(disk);
    LODE_ASSERT((co_await device.flush()).has_value());
}

// What each of the first 24 sectors holds, as its first byte.
std::vector<int> sectors_of(const simulated_disk& disk) {
    std::vector<std::byte> read(24 * simulated_disk::sector);
    disk.peek(device_offset(0), read);
    std::vector<int> first;
    for (std::size_t at = 0; at < read.size(); at += simulated_disk::sector) {
        first.push_back(static_cast<int>(read[at]));
    }
    return first;
}

std::vector<int> expected(std::size_t ones, std::size_t twos, std::size_t threes) {
    std::vector<int> sectors(24);
    std::fill_n(sectors.begin(), ones, 1);
    std::fill_n(sectors.begin() + 4, twos, 2);
    std::fill_n(sectors.begin() + 16, threes, 3);
    return sectors;
}

}  // namespace

TEST_CASE("the last write can be cut at each of its sectors") {
    for (std::uint64_t kept = 0; kept <= 8; ++kept) {
        simulation world(1);
        simulated_disk disk(1_MiB);
        REQUIRE(world.run(write_three(disk)) == simulation::outcome::finished);
        REQUIRE(disk.unflushed().size() == 3);

        disk.tear(0, kept);

        CHECK(sectors_of(disk) == expected(4, 8, kept));
        CHECK(disk.unflushed() == std::vector<simulated_disk::unflushed_write>{
                                      {.at = device_offset(0), .length = bytes(4096)},
                                      {.at = device_offset(2048), .length = bytes(4096)}});
    }
}

TEST_CASE("an earlier write can be cut below the later ones, which stay") {
    simulation world(1);
    simulated_disk disk(1_MiB);
    REQUIRE(world.run(write_three(disk)) == simulation::outcome::finished);

    disk.tear(2, 1);
    CHECK(sectors_of(disk) == expected(1, 8, 8));

    // What the second one lies over is no longer the first: losing it shows that.
    disk.tear(1, 0);
    CHECK(sectors_of(disk) == expected(1, 0, 8));
    disk.tear(0, 0);
    CHECK(sectors_of(disk) == expected(1, 0, 0));
    CHECK(disk.unflushed().empty());
}

TEST_CASE("a flush leaves nothing to tear") {
    simulation world(1);
    simulated_disk disk(1_MiB);
    REQUIRE(world.run(write_three(disk)) == simulation::outcome::finished);

    REQUIRE(world.run(flush(disk)) == simulation::outcome::finished);

    CHECK(disk.unflushed().empty());
}

TEST_CASE("what is at rest is seen and changed at any offset, and outlives a crash") {
    simulation world(1);
    simulated_disk disk(1_MiB);
    std::vector<std::byte> pattern(1500);
    for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<std::byte>(i % 251);

    disk.poke(device_offset(700), pattern);
    disk.crash(world.chance());

    std::vector<std::byte> seen(pattern.size());
    disk.peek(device_offset(700), seen);
    CHECK(seen == pattern);
    std::vector<std::byte> around(2);
    disk.peek(device_offset(699), around);
    CHECK(around == std::vector{std::byte{0}, pattern[0]});
    disk.peek(device_offset(2199), around);
    CHECK(around == std::vector{pattern[1499], std::byte{0}});
}

namespace {

struct hanging_operations {
    std::vector<error> errors;
    int ended_well = 0;
    int ended_while_hanging = 0;
};

void note(result<> outcome, hanging_operations& seen) {
    if (outcome) {
        ++seen.ended_well;
    } else {
        seen.errors.push_back(outcome.error());
    }
}

task<void> read_once(simulated_device& device, hanging_operations& seen) {
    std::vector<std::byte> into(4096);
    note(co_await device.read(device_offset(0), into), seen);
}

task<void> write_once(simulated_device& device, hanging_operations& seen) {
    const std::vector<std::byte> from(4096, std::byte{7});
    note(co_await device.write(device_offset(0), from), seen);
}

task<void> flush_once(simulated_device& device, hanging_operations& seen) {
    note(co_await device.flush(), seen);
}

enum class release_by : std::uint8_t { release, mended, pulled_out };

task<void> hang_and_release(simulated_disk& disk, release_by how, hanging_operations& seen) {
    simulated_device device(disk, {.hang = 1});
    scope all;
    all.spawn(read_once(device, seen));
    all.spawn(write_once(device, seen));
    all.spawn(flush_once(device, seen));
    co_await sleep_for(std::chrono::hours(24));
    seen.ended_while_hanging = seen.ended_well + static_cast<int>(seen.errors.size());
    LODE_ASSERT(device.hangs());
    switch (how) {
        case release_by::release: device.release(); break;
        case release_by::mended: device.set_faults({}); break;
        case release_by::pulled_out: device.pull_out(); break;
    }
    co_await all.close();
    LODE_ASSERT(!device.hangs());
    device.set_faults({});
    co_await read_once(device, seen);
}

}  // namespace

TEST_CASE("a device that hangs ends nothing until it is released, and then with an error") {
    for (const auto how : {release_by::release, release_by::mended, release_by::pulled_out}) {
        simulation world(1);
        simulated_disk disk(1_MiB);
        hanging_operations seen;

        REQUIRE(world.run(hang_and_release(disk, how, seen)) == simulation::outcome::finished);

        CHECK(seen.ended_while_hanging == 0);
        const bool gone = how == release_by::pulled_out;
        CHECK(seen.ended_well == (gone ? 0 : 1));
        REQUIRE(seen.errors.size() == (gone ? 4 : 3));
        for (std::size_t i = 0; i < 3; ++i) CHECK(seen.errors[i].code == errc::io);
        CHECK(disk.unflushed().empty());
        CHECK(sectors_of(disk) == expected(0, 0, 0));
    }
}
