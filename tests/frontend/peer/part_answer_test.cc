#include "frontend/peer/part_answer.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;

namespace {

const part_answer some_part_answer{.word = cache_word::filling,
                                   .detail = cache_detail::filling,
                                   .part = {.high = 1, .low = 2},
                                   .load = bytes(123456789),
                                   .spread = 4,
                                   .view = 0xabc,
                                   .state = node_state::draining,
                                   .held = engine::presence{1, 2, 3, 4294967295U}};

std::string answer_text(const part_answer& a) {
    std::string text = "what was there before";
    write_answer(a, text);
    return text;
}

}  // namespace

TEST_CASE("an answer reads as it was written") {
    CHECK(parse_answer(answer_text(some_part_answer)) == some_part_answer);
    CHECK(answer_text(some_part_answer) ==
          "cache=FILLING&detail=filling&part=00000000000000010000000000000002&load=123456789&"
          "spread=4&view=0000000000000abc&state=draining&held=1.2.3.4294967295");

    CHECK(parse_answer(answer_text({})) == part_answer());
    for (const auto word :
         {cache_word::hit, cache_word::filling, cache_word::miss, cache_word::bypass}) {
        for (const auto detail : {cache_detail::none, cache_detail::memory, cache_detail::disk,
                                  cache_detail::filling}) {
            for (const auto state : {node_state::joining, node_state::up, node_state::draining}) {
                const part_answer a{.word = word, .detail = detail, .state = state};
                CHECK(parse_answer(answer_text(a)) == a);
            }
        }
    }
}

TEST_CASE("an answer may say what its body is") {
    const part_answer a{.part = {.high = 1, .low = 2}, .body = s3::sha256_of("a layout")};
    CHECK(parse_answer(answer_text(a)) == a);
    CHECK(parse_answer(answer_text({.body = s3::sha256_of("another one")})) != a);
    const std::string without = answer_text({});
    CHECK(!parse_answer(without + "&body="));
    CHECK(!parse_answer(without + "&body=" + std::string(63, 'a')));
    CHECK(!parse_answer(without + "&body=" + std::string(65, 'a')));
    CHECK(!parse_answer(without + "&body=" + std::string(64, 'g')));
    CHECK(parse_answer(without + "&body=" + std::string(64, 'a')));
}

TEST_CASE("an answer that says something else is refused") {
    const std::string good = answer_text(some_part_answer);
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    REQUIRE(parse_answer(with("spread=4", "spread=8")));
    for (const std::string& text :
         {std::string(), with("cache=FILLING", "cache=hit"), with("cache=FILLING&", ""),
          with("detail=filling", "detail="), with("detail=filling", "detail=tape"),
          with("part=0", "part="), with("load=123456789", "load=18446744073709551616"),
          with("spread=4", "spread=0"), with("spread=4", "spread=9"),
          with("view=0000000000000abc", "view=abc"), with("state=draining", "state=down"),
          with("state=draining&", ""), with("held=1.2.3.", "held=1.2."),
          with("held=1.2.3.", "held=1.2.3.4."), with("4294967295", "4294967296"),
          with("4294967295", ""), with("4294967295", "5."), good + "&more=1"}) {
        CAPTURE(text);
        const auto read = parse_answer(text);
        REQUIRE(!read);
        CHECK(read.error().ends_with("."));
    }
}

TEST_CASE("a failure keeps its meaning on its way to the asker") {
    for (const errc why : {errc::not_found, errc::denied, errc::invalid, errc::changed,
                           errc::too_large, errc::overloaded, errc::timed_out, errc::unavailable}) {
        CAPTURE(name_of(why));
        CHECK(meaning_of(status_of(why)) == why);
    }
    // What is amiss inside the other node is one thing to the asker: it asks elsewhere.
    CHECK(meaning_of(status_of(errc::io)) == errc::unavailable);
    CHECK(meaning_of(status_of(errc::corrupt)) == errc::unavailable);
    CHECK(meaning_of(status_of(errc::no_space)) == errc::overloaded);
    CHECK(meaning_of(status_of(errc::cancelled)) == errc::overloaded);
    CHECK(meaning_of(418) == errc::protocol);
}
