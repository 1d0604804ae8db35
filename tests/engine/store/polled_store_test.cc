// The store over a device that is polled, or was to be until the kernel refused it.
#include "engine/store/part_store.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

constexpr std::uint64_t parts = 6;

struct both_ways {
    std::uint32_t filled = 0;
    std::uint32_t from_disk = 0;
    std::uint32_t wrong = 0;
    store_stats stats;
};

task<void> there_and_back(store_under_test on, both_ways& out) {
    for (std::uint64_t n = 0; n < parts; ++n) {
        source_facts facts;
        const reading filled = co_await bring(on.store, numbered_part(n, 2_MiB + 5_KiB), facts);
        out.filled += filled.right;
        out.wrong += filled.wrong;
    }
    co_await on.store.drop_memory();
    for (std::uint64_t n = 0; n < parts; ++n) {
        reading again = co_await read_all(on.store, numbered_part(n, 2_MiB + 5_KiB));
        out.from_disk += again.from[chunk_source::disk];
        out.wrong += again.wrong;
    }
    out.stats = on.store.stats();
}

}  // namespace

TEST_CASE("what a polled device was given comes back, whatever the kernel thinks of polling") {
    both_ways seen;
    store_options o = small_store();
    o.cores = 2;

    run_on_rings(
        o, 64_MiB, [&](store_under_test on) { return there_and_back(on, seen); },
        io_completion::poll);

    CHECK(seen.filled == parts * 3);
    CHECK(seen.from_disk == parts * 3);
    CHECK(seen.wrong == 0);
    CHECK(seen.stats.device_read_errors == 0);
    CHECK(seen.stats.device_write_errors == 0);
}
