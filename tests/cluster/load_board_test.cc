#include "cluster/load_board.h"

#include <chrono>
#include <optional>
#include <vector>

#include "cluster/health_rules.h"
#include "engine/base/clock.h"
#include "tests/catch.h"

namespace lode::cluster {

using namespace literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a member that never spoke has no load and no age") {
    const simulated_clock clock;
    const load_board board(2);

    CHECK(board.load(member_index(1), clock.now()) == 0_B);
    CHECK_FALSE(board.age(member_index(1), clock.now()));
}

TEST_CASE("a load is what was last said, and halves each half second") {
    simulated_clock clock;
    load_board board(2);
    board.reported(member_index(0), 64_MiB, clock.now());
    board.reported(member_index(0), 8_MiB, clock.now());
    CHECK(board.load(member_index(0), clock.now()) == 8_MiB);

    clock.advance(health_rules::load_half_life);
    CHECK(board.load(member_index(0), clock.now()) == 4_MiB);
    CHECK(board.age(member_index(0), clock.now()) == health_rules::load_half_life);

    clock.advance(seconds(3'600));
    CHECK(board.load(member_index(0), clock.now()) == 0_B);
    CHECK(board.load(member_index(1), clock.now()) == 0_B);
}

TEST_CASE("what is asked for counts until the member speaks, and fades too") {
    simulated_clock clock;
    load_board board(1);
    board.reported(member_index(0), 2_MiB, clock.now());

    board.asked(member_index(0), 1_MiB, clock.now());
    CHECK(board.load(member_index(0), clock.now()) == 3_MiB);

    board.reported(member_index(0), 5_MiB, clock.now());
    CHECK(board.load(member_index(0), clock.now()) == 5_MiB);

    // Small requests one after the other do not keep old news alive.
    for (int n = 0; n < 1'000; ++n) {
        clock.advance(milliseconds(10));
        board.asked(member_index(0), 1_B, clock.now());
    }
    CHECK(board.load(member_index(0), clock.now()) < 100_B);
    CHECK(board.age(member_index(0), clock.now()) == seconds(10));
}

TEST_CASE("the board follows its members into another view") {
    simulated_clock clock;
    load_board board(3);
    board.reported(member_index(0), 1_MiB, clock.now());
    board.reported(member_index(2), 3_MiB, clock.now());

    const std::vector<std::optional<member_index>> before = {
        std::nullopt, member_index(2), std::nullopt, member_index(0), member_index(1)};
    board.follow(before);

    CHECK(board.load(member_index(0), clock.now()) == 0_B);
    CHECK(board.load(member_index(1), clock.now()) == 3_MiB);
    CHECK(board.load(member_index(3), clock.now()) == 1_MiB);
    CHECK_FALSE(board.age(member_index(4), clock.now()));
}

}  // namespace lode::cluster
