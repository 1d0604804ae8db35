#include "cluster/choice.h"

#include <map>
#include <vector>

#include "tests/catch.h"

namespace lode::cluster {
namespace {

candidates first_eight() {
    candidates all;
    for (std::uint16_t n = 0; n < 8; ++n) all.add(member_index(n));
    return all;
}

constexpr auto all_can = [](member_index) { return standing::ask; };
constexpr auto idle = [](member_index) { return bytes(0); };

// How often each is chosen in 8,000 choices.
template <class StandingOf, class LoadOf>
std::map<unsigned, unsigned> chosen(unsigned spread, const StandingOf& standing_of,
                                    const LoadOf& load_of) {
    lode::random random(1);
    std::map<unsigned, unsigned> times;
    for (unsigned n = 0; n < 8000; ++n) {
        const auto who = choose(first_eight(), spread, standing_of, load_of, random);
        if (who) ++times[who->value()];
    }
    return times;
}

}  // namespace

TEST_CASE("the owner is asked as long as a part is not spread") {
    const auto busy_owner = [](member_index who) { return bytes(who == member_index(0) ? 99 : 0); };
    CHECK(chosen(1, all_can, busy_owner) == std::map<unsigned, unsigned>{{0, 8000}});
    CHECK(chosen(0, all_can, busy_owner) == std::map<unsigned, unsigned>{{0, 8000}});
}

TEST_CASE("candidates with equal loads are asked equally often") {
    for (const unsigned spread : {2U, 3U, 4U, 8U, 100U}) {
        const auto times = chosen(spread, all_can, idle);
        const unsigned asked = std::min(spread, 8U);
        CAPTURE(spread);
        CHECK(times.size() == asked);
        for (const auto& [who, count] : times) {
            CHECK(who < asked);
            CHECK(count > 0.85 * 8000 / asked);
            CHECK(count < 1.15 * 8000 / asked);
        }
    }
}

TEST_CASE("of two, the one with less to do is asked") {
    const auto first_is_busy = [](member_index who) { return bytes(who.value() == 0 ? 5 : 4); };
    CHECK(chosen(2, all_can, first_is_busy) == std::map<unsigned, unsigned>{{1, 8000}});
}

TEST_CASE("the busiest of several is never asked, and the idlest not by everybody") {
    const auto load = [](member_index who) { return bytes(who.value()); };
    const auto times = chosen(4, all_can, load);
    CHECK(!times.contains(3));
    CHECK(times.at(0) > 3600);  // in every pair of 6 that contains it: a half
    CHECK(times.at(0) < 4400);
    CHECK(times.at(2) > 1000);
}

TEST_CASE("who is refused is passed over, and the next ones move up") {
    const auto first_two_down = [](member_index who) {
        return who.value() < 2 ? standing::refuse : standing::ask;
    };
    CHECK(chosen(1, first_two_down, idle) == std::map<unsigned, unsigned>{{2, 8000}});
    const auto times = chosen(2, first_two_down, idle);
    CHECK(times.size() == 2);
    CHECK(times.contains(2));
    CHECK(times.contains(3));
}

TEST_CASE("who leaves soon is asked when nobody else can be") {
    const auto only_last = [](member_index who) {
        return who.value() == 7 ? standing::ask : standing::ask_last;
    };
    const auto all_leave = [](member_index) { return standing::ask_last; };
    CHECK(chosen(4, only_last, idle) == std::map<unsigned, unsigned>{{7, 8000}});
    CHECK(chosen(1, all_leave, idle) == std::map<unsigned, unsigned>{{0, 8000}});
}

TEST_CASE("nobody is chosen when all are refused") {
    CHECK(chosen(8, [](member_index) { return standing::refuse; }, idle).empty());
    lode::random random(1);
    CHECK(!choose(candidates(), 1, all_can, idle, random));
}

TEST_CASE("the same chance makes the same choices") {
    lode::random one(7);
    lode::random two(7);
    for (unsigned n = 0; n < 100; ++n) {
        CHECK(choose(first_eight(), 8, all_can, idle, one) ==
              choose(first_eight(), 8, all_can, idle, two));
    }
}

}  // namespace lode::cluster
