#include "cluster/node_record.h"

#include <utility>

#include <fmt/format.h>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace lode::cluster {
namespace {

const member full{.name = "node-a",
                  .address = "10.0.0.7:9001",
                  .zone = "z1",
                  .capacity = bytes(~0ULL),
                  .slots = {{0, 16}, {20, 1}, {slots_max - 1, 1}},
                  .draining = true};

std::string with_slots(std::string_view slots) {
    return fmt::format(R"({{"address":"10.0.0.7:9001","zone":"","capacity":1,"slots":{}}})", slots);
}

std::string why(std::string_view text) {
    const auto read = parse_node_record("n", text);
    return read ? "" : read.error();
}

}  // namespace

TEST_CASE("a record that was printed reads back as the same node") {
    for (const member& each : {full, member{.name = "b", .address = "[::1]:1"}}) {
        const auto read = parse_node_record(each.name, print_node_record(each));
        REQUIRE(read);
        CHECK(read->name == each.name);
        CHECK(read->address == each.address);
        CHECK(read->zone == each.zone);
        CHECK(read->capacity == each.capacity);
        CHECK(read->slots == each.slots);
        CHECK(read->draining == each.draining);
    }
}

TEST_CASE("a later version may say more in a record") {
    CHECK(parse_node_record("n", R"({"address":"10.0.0.7:1","zone":"","capacity":1,"slots":[],
                                     "colour":{"r":[1,2,{}]}})"));
}

TEST_CASE("each part of a record that is wrong has its sentence") {
    const std::pair<std::string, std::string> wrong[] = {
        {"", "it is no JSON object"},
        {"[]", "it is no JSON object"},
        {"{", "it is no JSON object"},
        {R"({"zone":""})", "its address is no IP address with a port"},
        {R"({"address":7})", "its address is no IP address with a port"},
        {R"({"address":"host:9001"})", "its address is no IP address with a port"},
        {R"({"address":"10.0.0.7:0"})", "its address is no IP address with a port"},
        {R"({"address":"0.0.0.0:9001"})", "its address is no IP address with a port"},
        {R"({"address":"10.0.0.7:1"})", "its zone is no name"},
        {R"({"address":"10.0.0.7:1","zone":"a b"})", "its zone is no name"},
        {R"({"address":"10.0.0.7:1","zone":"","capacity":-1})", "its capacity is no number"},
        {R"({"address":"10.0.0.7:1","zone":"","capacity":1.5})", "its capacity is no number"},
        {R"({"address":"10.0.0.7:1","zone":"","capacity":1e99})", "its capacity is no number"},
        {R"({"address":"10.0.0.7:1","zone":"","capacity":1,"slots":[],"draining":1})",
         "whether it is draining is neither true nor false"},
    };
    for (const auto& [text, sentence] : wrong) {
        INFO(text);
        CHECK(why(text) == sentence);
    }
    CHECK(parse_node_record("a/b", print_node_record(full)).error() ==
          "its key is no name of a node");
    CHECK(parse_node_record("", print_node_record(full)).error() == "its key is no name of a node");
}

TEST_CASE("slots of a record are ascending, apart and below their limit") {
    for (const auto* slots : {"[]", "[[0,1]]", "[[0,1],[1,1]]", "[[4194303,1]]", "[[0,4194304]]"}) {
        INFO(slots);
        CHECK(why(with_slots(slots)).empty());
    }
    for (const auto* slots :
         {"{}", "[0]", "[[0]]", "[[0,1,2]]", "[[0,0]]", "[[-1,1]]", "[[0,1.5]]", "[[1,1],[0,1]]",
          "[[0,2],[1,1]]", "[[4194304,1]]", "[[4194303,2]]", "[[0,4194305]]",
          "[[0,18446744073709551615]]", "[[18446744073709551615,1]]", "null"}) {
        INFO(slots);
        CHECK(why(with_slots(slots)) == "its slots are no ascending list of ranges");
    }
    std::string many = "[";
    for (std::size_t i = 0; i < record_ranges_max; ++i) many += fmt::format("[{},1],", 2 * i);
    CHECK(why(with_slots(many.substr(0, many.size() - 1) + "]")).empty());
    CHECK_FALSE(why(with_slots(many + "[9000,1]]")).empty());
}

TEST_CASE("a record has a limit, and neither depth nor bytes at random do any harm") {
    std::string padded = print_node_record(full);
    padded.append(node_record_most - padded.size(), ' ');
    CHECK(parse_node_record("n", padded));
    CHECK(why(padded + " ") == "it is longer than 64 KiB");
    CHECK_FALSE(why(std::string(node_record_most, '[')).empty());

    lode::random chance(3);
    const std::string right = print_node_record(full);
    for (int i = 0; i < 20'000; ++i) {
        std::string broken = right;
        for (int changes = 0; changes <= 2; ++changes) {
            broken[chance.below(broken.size())] = static_cast<char>(chance.below(256));
        }
        broken.resize(chance.below(broken.size() + 1));
        const auto read = parse_node_record("n", broken);
        if (!read) CHECK_FALSE(read.error().empty());
    }
}

}  // namespace lode::cluster
