#include <array>

#include "bench/load/answer_word.h"
#include "bench/load/load_core.h"
#include "bench/load/run_load.h"
#include "bench/load/server_cpu.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using frontend::http::header;

namespace {

answer_word word(std::string_view x_cache, std::string_view cache_status) {
    const std::array headers{header{"Content-Length", "5"}, header{"x-cache", x_cache},
                             header{"cache-status", cache_status}};
    return word_of(headers);
}

}  // namespace

TEST_CASE("an answer's word is what X-Cache says, with the tier that Cache-Status names") {
    CHECK(word("HIT", "\"n\"; hit; detail=memory") == answer_word::hit_memory);
    CHECK(word("HIT", "\"n\"; hit; detail=disk") == answer_word::hit_disk);
    CHECK(word("HIT", "\"n\"; hit") == answer_word::hit);
    CHECK(word("MISS", "\"n\"; fwd=miss; stored") == answer_word::miss);
    CHECK(word("FILLING", "\"n\"; fwd=miss; collapsed; detail=filling") == answer_word::filling);
    CHECK(word("BYPASS", "\"n\"; fwd=bypass") == answer_word::bypass);
    CHECK(word("Hit from cloudfront", "") == answer_word::unsaid);
    CHECK(word_of({}) == answer_word::unsaid);
}

TEST_CASE("a hit of another node is a peer's, whatever its tier") {
    CHECK(word("HIT", "\"b\"; hit; detail=memory, \"a\"; fwd=miss; detail=peer") ==
          answer_word::hit_peer);
}

TEST_CASE("words without a count are not named") {
    word_counts counts{};
    counts[static_cast<std::size_t>(answer_word::hit_disk)] = 3;

    CHECK(named(counts) == cache_words{{"HIT disk", 3}});
}

TEST_CASE("a state holds when nineteen of twenty answers say so") {
    CHECK(problem_with_state(cache_state::memory, {{"HIT memory", 95}, {"HIT disk", 5}}) ==
          std::nullopt);
    CHECK(problem_with_state(cache_state::memory, {{"HIT memory", 94}, {"HIT disk", 6}}) ==
          "The answers should have said HIT memory, and said: 6 HIT disk, 94 HIT memory.");
    CHECK(problem_with_state(cache_state::cold, {{"MISS", 50}, {"FILLING", 50}}) == std::nullopt);
    CHECK(problem_with_state(cache_state::peer, {{"unsaid", 10}}).has_value());
    CHECK(problem_with_state(cache_state::disk, {}).has_value());
    CHECK(problem_with_state(cache_state::any, {{"unsaid", 10}}) == std::nullopt);
}

TEST_CASE(
    "errors are named by status and by the code of S3, and by nothing else that a server says") {
    CHECK(kind_of_answer(503, "<?xml?><Error><Code>SlowDown</Code></Error>") == "503 SlowDown");
    CHECK(kind_of_answer(500, "oops") == "500");
    CHECK(kind_of_answer(404, "<Code></Code>") == "404");
    CHECK(kind_of_answer(404, "<Code>No such thing\x1b[1m</Code>") == "404");
    CHECK(kind_of_answer(404, "<Code>" + std::string(41, 'x') + "</Code>") == "404");
    CHECK(kind_of_answer(404, "<Code>" + std::string(40, 'x')) == "404 " + std::string(40, 'x'));
}

TEST_CASE("a process' CPU time is read past a name with brackets and blanks") {
    CHECK(ticks_of_stat("12 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0") == 300.0);
    CHECK(ticks_of_stat("12 (a) S 1 2 3 4 5 6 7 8 9 10 250") == std::nullopt);
    CHECK(ticks_of_stat("nothing") == std::nullopt);
}

TEST_CASE("a metric is found by its whole name") {
    constexpr std::string_view page =
        "# HELP process_cpu_seconds_total x\nprocess_cpu_seconds_total_more 1\n"
        "process_cpu_seconds_total 12.5\n";

    CHECK(metric_value(page, "process_cpu_seconds_total") == 12.5);
    CHECK(metric_value(page, "process_cpu") == std::nullopt);
    CHECK(metric_value("process_cpu_seconds_total", "process_cpu_seconds_total") == std::nullopt);
}
