#include "engine/store/recovery.h"

#include "engine/runtime/scope.h"
#include "tests/catch.h"
#include "tests/engine/store/reading.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;
using namespace std::chrono_literals;

namespace {

// The same disks under one store after the other.
struct machine {
    explicit machine(bytes size = 32_MiB) { disks.add("disk", size); }

    void live(store_options o, const store_body& body) {
        if (o.devices.empty()) o.devices = disks.all();
        REQUIRE(disks.run(std::move(o), ++lives, body) == simulation::outcome::finished);
    }
    // Ends in a power failure, right after the body.
    void live_and_crash(store_options o, const store_body& body) {
        live(std::move(o),
             [this, &body](store_under_test on) { return until_power_fails(on, body); });
    }

    simulated_disks disks;
    lode::random chance{11};
    std::uint64_t lives = 0;

  private:
    task<void> until_power_fails(store_under_test on, const store_body& body) {
        co_await body(on);
        disks.cut_power(on, chance);
    }
};

std::vector<part_key> some_parts() {
    return {numbered_part(1, 5_KiB),   numbered_part(2, 1_MiB),  numbered_part(3, 3_MiB + 70_KiB),
            numbered_part(4, 64_KiB),  numbered_part(5, 1_B),    numbered_part(6, 2_MiB + 1_B),
            numbered_part(7, 900_KiB), numbered_part(8, 12_KiB), numbered_part(9, 4_KiB)};
}

task<void> bring_all(part_store& store, std::vector<part_key> parts) {
    for (const part_key& key : parts) {
        source_facts facts;
        (void)co_await bring(store, key, facts);
    }
}

struct found_again {
    std::uint32_t chunks = 0;  // that there are
    std::uint32_t right = 0;
    std::uint32_t wrong = 0;
    std::uint32_t from_disk = 0;
    store_stats stats;
};

task<void> read_again(part_store& store, std::vector<part_key> parts, found_again& out) {
    for (const part_key& key : parts) {
        reading seen = co_await read_all(store, key);
        out.chunks += chunk_count(key.length);
        out.right += seen.right;
        out.wrong += seen.wrong;
        out.from_disk += seen.from[chunk_source::disk];
    }
    out.stats = store.stats();
}

void check_all_there(const found_again& seen) {
    CHECK(seen.right == seen.chunks);
    CHECK(seen.wrong == 0);
    CHECK(seen.from_disk == seen.chunks);
    CHECK(seen.stats.recovered_chunks >= seen.chunks);
    CHECK(seen.stats.checksum_failures == 0);
    CHECK(seen.stats.damaged_descriptors == 0);
}

}  // namespace

TEST_CASE("what was durable when power failed is served again") {
    machine m;
    found_again seen;

    m.live_and_crash(small_store(),
                     [](store_under_test on) { return bring_all(on.store, some_parts()); });
    m.live(small_store(),
           [&](store_under_test on) { return read_again(on.store, some_parts(), seen); });

    check_all_there(seen);
    CHECK(seen.stats.chunks_durable == seen.chunks);
    CHECK(seen.stats.recovered_parts == some_parts().size());
}
