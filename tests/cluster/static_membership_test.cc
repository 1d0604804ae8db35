#include "cluster/static_membership.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/catch.h"
#include "tests/cluster/heard_lists.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;
using namespace lode::literals;

// A file that tests write; it goes with its directory.
class list_file {
  public:
    list_file() { REQUIRE(mkdtemp(directory_.data()) != nullptr); }
    ~list_file() { std::filesystem::remove_all(directory_); }
    list_file(const list_file&) = delete;
    list_file& operator=(const list_file&) = delete;

    [[nodiscard]] std::string path() const { return directory_ + "/nodes"; }

    // As editors do it: the reader never sees half of it.
    void write(const std::string& text) const {
        std::ofstream(path() + ".new") << text;
        std::filesystem::rename(path() + ".new", path());
    }

  private:
    std::string directory_ = "/tmp/lode-nodes-XXXXXX";
};

// Names with blanks between them; "!" is a mistake, and "name=0" has no capacity.
std::expected<std::vector<listed_node>, std::string> parse_names(std::string_view text) {
    std::vector<listed_node> nodes;
    std::string name;
    for (const char c : std::string(text) + " ") {
        if (c == '!') return std::unexpected("nodes:1: a mistake");
        if (c != ' ') {
            name += c;
            continue;
        }
        if (name.empty()) continue;
        const bool gone = name.ends_with("=0");
        nodes.push_back({.name = gone ? name.substr(0, name.size() - 2) : name,
                         .address = "10.0.0." + std::to_string(nodes.size() + 1) + ":1",
                         .capacity = gone ? 0_B : 128_GiB});
        name.clear();
    }
    return nodes;
}

static_options from_file(const list_file& file) {
    return {.self = "a",
            .nodes_file = file.path(),
            .parse = parse_names,
            .slot_unit = 64_GiB,
            .look_every = 5ms};
}

std::string names_in(const std::vector<discovered>& all) {
    std::string out;
    for (const discovered& each : all) out += each.name;
    return out;
}

result<std::vector<engine::socket_address>> nobody(const std::string&, std::uint16_t) {
    return fail(errc::not_found);
}

}  // namespace

TEST_CASE("a list in the configuration is said once, with the slots of its order") {
    heard_lists heard;
    static_membership source(
        {.self = "a",
         .nodes = {{.name = "b", .address = "10.0.0.2:1", .capacity = 128_GiB},
                   {.name = "x", .address = "10.0.0.3:1", .capacity = 0_B},
                   {.name = "a", .address = "10.0.0.1:1", .capacity = 128_GiB},
                   {.name = "z", .address = "10.0.0.9:1", .zone = "far", .capacity = 64_GiB}},
         .slot_unit = 64_GiB,
         .look_every = 5ms},
        nobody);

    source.start(heard.listener());
    const auto found = heard.wait_for(1);
    std::this_thread::sleep_for(30ms);
    source.stop();

    REQUIRE(names_in(found) == "baz");
    CHECK(found[0].slots == std::vector<slot_range>{{0, 2}});
    CHECK(found[1].slots == std::vector<slot_range>{{4, 2}});
    CHECK(found[2].slots == std::vector<slot_range>{{0, 1}});
    CHECK(found[2].zone == "far");
    CHECK(heard.count() == 1);
    CHECK(source.status().problem.empty());
}

TEST_CASE("a list in a file is read again when it changes") {
    const list_file file;
    file.write("a b");
    heard_lists heard;
    static_membership source(from_file(file), nobody);

    source.start(heard.listener());
    CHECK(names_in(heard.wait_for(1)) == "ab");
    file.write("a b c");
    CHECK(names_in(heard.wait_for(2)) == "abc");
    file.write("a c");
    CHECK(names_in(heard.wait_for(3)) == "ac");
    source.stop();
}

TEST_CASE("a list that changes within a clock tick, to the same length, is noticed") {
    const list_file file;
    file.write("a b");
    heard_lists heard;
    static_membership source(from_file(file), nobody);

    source.start(heard.listener());
    CHECK(names_in(heard.wait_for(1)) == "ab");
    const auto modified = std::filesystem::last_write_time(file.path());
    std::ofstream(file.path(), std::ios::in | std::ios::out) << "a c";
    std::filesystem::last_write_time(file.path(), modified);
    CHECK(names_in(heard.wait_for(2)) == "ac");
    source.stop();
}

TEST_CASE("a broken list leaves the last one in force and is said once") {
    const list_file file;
    file.write("a b");
    heard_lists heard;
    static_membership source(from_file(file), nobody);

    source.start(heard.listener());
    CHECK(names_in(heard.wait_for(1)) == "ab");
    file.write("a b !");
    CHECK(eventually(
        [&] { return source.status().problem == "cluster.nodes_file: nodes:1: a mistake"; }));
    CHECK(source.status().nodes == 2);
    std::this_thread::sleep_for(50ms);
    CHECK(source.counters().failures.value() == 1);

    file.write("b c");
    CHECK(eventually([&] { return source.status().problem.contains("has no node \"a\""); }));
    file.write("a=0 b c");
    CHECK(eventually([&] { return source.counters().failures.value() >= 2; }));
    std::filesystem::remove(file.path());
    CHECK(eventually([&] {
        return source.status().problem.ends_with("cannot be read: No such file or directory");
    }));
    CHECK(heard.count() == 1);

    file.write("a d");
    CHECK(names_in(heard.wait_for(2)) == "ad");
    CHECK(eventually([&] { return source.status().problem.empty(); }));
    source.stop();
}

TEST_CASE("a list that is broken from the start is waited for") {
    const list_file file;
    heard_lists heard;
    static_membership source(from_file(file), nobody);

    source.start(heard.listener());
    CHECK(eventually([&] { return !source.status().problem.empty(); }));
    CHECK_FALSE(source.status().heard_of);
    file.write("a");
    CHECK(names_in(heard.wait_for(1)) == "a");
    source.stop();
}

TEST_CASE("a file that is too large is refused") {
    const list_file file;
    file.write("a b");
    heard_lists heard;
    static_membership source(from_file(file), nobody);

    source.start(heard.listener());
    CHECK(names_in(heard.wait_for(1)) == "ab");
    file.write(std::string(node_list_most.count() + 1, ' '));
    CHECK(eventually([&] { return source.status().problem.ends_with("it is too large"); }));
    source.stop();
}

TEST_CASE(
    "a host in a list is resolved, again and again, and keeps its address when it is not known") {
    std::atomic<int> last = 5;
    heard_lists heard;
    static_membership source(
        {.self = "a",
         .nodes = {{.name = "a", .address = "10.0.0.1:1", .capacity = 64_GiB},
                   {.name = "b", .address = "b.example:7", .capacity = 64_GiB}},
         .slot_unit = 64_GiB,
         .look_every = 5ms,
         .refresh = 5ms},
        [&](const std::string& host,
            std::uint16_t port) -> result<std::vector<engine::socket_address>> {
            const int now = last;
            if (host != "b.example" || now == 0) return fail(errc::not_found);
            return std::vector{*engine::socket_address::parse("10.0.0." + std::to_string(now) +
                                                              ":" + std::to_string(port))};
        });

    source.start(heard.listener());
    CHECK(heard.wait_for(1).at(1).address == "10.0.0.5:7");
    last = 6;
    CHECK(heard.wait_for(2).at(1).address == "10.0.0.6:7");
    last = 0;
    CHECK(eventually([&] {
        return source.status().problem == "the host of node \"b\", b.example:7, cannot be resolved";
    }));
    CHECK(heard.count() == 2);
    source.stop();
}

}  // namespace lode::cluster
