#include "frontend/peer/hello.h"

#include "frontend/peer/wire.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::frontend::peer;

namespace {

nonce nonce_of(std::uint8_t with) {
    nonce made;
    made.fill(with);
    return made;
}

const hello some_hello{.cluster = "lode",
                       .node = "node-a",
                       .view = 0x1234,
                       .time = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)),
                       .nonce = nonce_of(0xab)};

hello_answer some_description() {
    return {.about = {.who = {.name = "node-b",
                              .address = "[fd00::7]:9001",
                              .zone = "rack 1/left",
                              .capacity = bytes(1ULL << 40U),
                              .slots = {{.first = 0, .count = 16}, {.first = 32, .count = 1}},
                              .draining = true},
                      .state = node_state::draining,
                      .load = bytes(77),
                      .view = 0xfeed},
            .nonce = nonce_of(0x01)};
}

std::string query_of(const hello& h) { return std::string(parse_path(hello_target(h, 1))->query); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string description_with(std::vector<cluster::slot_range> slots) {
    hello_answer a = some_description();
    a.about.who.slots = std::move(slots);
    return hello_answer_text(a);
}

}  // namespace

TEST_CASE("a hello reads as it was written") {
    CHECK(parse_hello(query_of(some_hello)) == some_hello);
    CHECK(
        hello_target(some_hello, 1)
            .starts_with(
                "/lode/1/"
                "hello?cluster=lode&node=node-a&view=0000000000001234&time=1700000000&nonce=abab"));
    CHECK(hello_target(some_hello, 2).starts_with("/lode/2/hello?"));
}

TEST_CASE("a hello that is none is refused") {
    const std::string good = query_of(some_hello);
    for (const std::string& query :
         {std::string(), replaced(good, "cluster=lode&", ""), replaced(good, "=lode", "="),
          replaced(good, "=lode", "=lo%20de"), replaced(good, "=lode", "=lo%0Ade"),
          replaced(good, "=node-a", "=" + std::string(254, 'n')), replaced(good, "12", "1"),
          replaced(good, "1700000000", "-1"), replaced(good, "1700000000", "253402300800"),
          replaced(good, "abab", "abxx"), replaced(good, "abab", "ab"), good + "ab",
          good + "&node=b", good + "&zone=x"}) {
        CAPTURE(query);
        const auto read = parse_hello(query);
        REQUIRE(!read);
        CHECK(read.error().ends_with("."));
    }
    CHECK(parse_hello(replaced(good, "=node-a", "=" + std::string(253, 'n'))));
    CHECK(parse_hello(replaced(good, "1700000000", "253402300799")));
}

TEST_CASE("what a node says of itself reads as it was written") {
    CHECK(parse_hello_answer(hello_answer_text(some_description())) == some_description());

    hello_answer plain = some_description();
    plain.about.who.zone = "";
    plain.about.who.slots = {};
    plain.about.who.draining = false;
    plain.about.state = node_state::up;
    CHECK(parse_hello_answer(hello_answer_text(plain)) == plain);

    const auto last = cluster::slots_max - 1;
    const auto read = parse_hello_answer(description_with({{.first = last, .count = 1}}));
    REQUIRE(read);
    CHECK(read->about.who.slots == std::vector<cluster::slot_range>{{.first = last, .count = 1}});
}

TEST_CASE("slots are ascending, apart and within the table") {
    const std::string good = hello_answer_text(some_description());
    for (const auto* slots : {"0-15.32", "5", "0-4194303", "0.2.4"}) {
        CAPTURE(slots);
        CHECK(parse_hello_answer(replaced(good, "slots=0-15.32", std::string("slots=") + slots)));
    }
    for (const auto* slots : {"", ".", "0.", ".0", "0..2", "0-0", "5-4", "0-15.16", "0-15.15",
                              "5.3", "0-4194304", "4194304", "-5", "5-", "a", "0%2C5", "00"}) {
        CAPTURE(slots);
        CHECK(!parse_hello_answer(replaced(good, "slots=0-15.32", std::string("slots=") + slots)));
    }
}

TEST_CASE("a node claims at most so many ranges of slots") {
    std::vector<cluster::slot_range> slots;
    for (std::uint32_t i = 0; i < slot_ranges_max; ++i)
        slots.push_back({.first = 2 * i, .count = 1});
    const auto read = parse_hello_answer(description_with(slots));
    REQUIRE(read);
    CHECK(read->about.who.slots == slots);
    slots.push_back({.first = 10'000, .count = 1});
    CHECK(!parse_hello_answer(description_with(slots)));
}

TEST_CASE("the longest list of slots fits into a description") {
    std::vector<cluster::slot_range> slots;
    for (std::uint32_t i = 0; i < slot_ranges_max; ++i) {
        slots.push_back({.first = cluster::slots_max - 4 * (i + 1), .count = 2});
    }
    std::ranges::reverse(slots);
    const std::string text = description_with(slots);
    CHECK(text.size() <= description_max.count());
    CHECK(parse_hello_answer(text));
}

TEST_CASE("a description that is none is refused") {
    const std::string good = hello_answer_text(some_description());
    for (const std::string& body :
         {std::string(), replaced(good, "node=node-b", "node="), replaced(good, "&node=node-b", ""),
          replaced(good, "node-b", "node%20b"), replaced(good, "capacity=1", "capacity=x"),
          replaced(good, "state=draining", "state=down"), replaced(good, "load=77", "load=07"),
          replaced(good, "nonce=01", "nonce="), replaced(good, "fd00", std::string(263, 'f')),
          good + "&load=1", good + "&x=1", good + std::string(70'000, 'x')}) {
        CAPTURE(body.substr(0, 400));
        CHECK(!parse_hello_answer(body));
    }
}
