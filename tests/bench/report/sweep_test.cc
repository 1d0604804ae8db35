#include "bench/report/sweep.h"

#include <array>

#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;

namespace {

frontend::settings small_base() {
    frontend::settings base;
    base.origin.gateway = "http://127.0.0.1:8000";
    return base;
}

std::expected<frontend::settings, std::string> with_one(const std::string& key,
                                                        const std::string& value,
                                                        frontend::settings base = small_base()) {
    return with_values(std::move(base), std::array{chosen_value{key, value}});
}

}  // namespace

TEST_CASE("a sweep is a setting and its values") {
    CHECK(parse_sweep("node.cores=1,2,4") == swept_setting{"node.cores", {"1", "2", "4"}});
    CHECK(parse_sweep("origin.fetch_size=8MiB") == swept_setting{"origin.fetch_size", {"8MiB"}});
}

TEST_CASE("what is no sweep is refused by a sentence") {
    CHECK(parse_sweep("node.cores").error().contains("expected KEY=VALUE"));
    CHECK(parse_sweep("node.cores=").error().contains("expected KEY=VALUE"));
    CHECK(parse_sweep("node.cores=1,").error().contains("expected KEY=VALUE"));
    CHECK(parse_sweep("node.cores=1,,2").error().contains("expected KEY=VALUE"));
    CHECK(parse_sweep("node.corse=1").error().contains("no setting node.corse"));
    CHECK(parse_sweep("node.cores=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"));
    CHECK_FALSE(parse_sweep("node.cores=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"));
}

TEST_CASE("values of every kind reach their place") {
    CHECK(with_one("node.cores", "3")->node.cores == 3);
    CHECK(with_one("origin.fetch_size", "16MiB")->origin.fetch_size == bytes(16U << 20U));
    CHECK(with_one("limits.idle_timeout", "5s")->limits.idle_timeout == std::chrono::seconds(5));
    CHECK(with_one("log.level", "warning")->log.level != with_one("log.level", "debug")->log.level);
    CHECK(with_one("log.access", "")->log.access.empty());
}

TEST_CASE("a value that lode would refuse is refused before a server starts") {
    CHECK(with_one("node.cores", "many").error() ==
          "node.cores: expected a whole number from 0 to 1024, got many.");
    CHECK(with_one("node.cores", "1025").error().contains("node.cores"));
    CHECK(with_one("origin.fetch_size", "1KiB").error().contains("origin.fetch_size"));
    CHECK(with_one("log.level", "loud").error().contains("log.level"));
    CHECK(with_one("listen.domains", "a.b").error().contains("listen.domains"));
}

TEST_CASE("a setting of every device is set in every device") {
    frontend::settings base = small_base();
    CHECK(with_one("cache.device.completion", "poll").error().contains("no [[cache.device]]"));

    base.cache.devices.push_back({.path = "/tmp/a", .size = bytes(1U << 30U)});
    base.cache.devices.push_back({.path = "/tmp/b", .size = bytes(1U << 30U)});
    const auto both = with_one("cache.device.write_limit", "5MiB", base);

    REQUIRE(both);
    CHECK(both->cache.devices[0].write_limit == bytes(5U << 20U));
    CHECK(both->cache.devices[1].write_limit == bytes(5U << 20U));
}

TEST_CASE("what is to be pasted stands below its sections") {
    const std::array chosen{chosen_value{"origin.fetch_size", "16MiB"},
                            chosen_value{"node.cores", "2"},
                            chosen_value{"origin.fetch_parallel", "8"}};

    CHECK(lines_to_paste(*with_values(small_base(), chosen), chosen) ==
          "[node]\ncores = 2\n[origin]\nfetch_size = \"16MiB\"\nfetch_parallel = 8\n");
}

TEST_CASE("what is tried unasked are settings that there are, and values that they take") {
    for (const swept_setting& sweep : usual_sweep(6)) {
        for (const std::string& value : sweep.values) CHECK(with_one(sweep.key, value));
    }
    CHECK(usual_sweep(6).front().values == std::vector<std::string>{"1", "2", "4", "6"});
    CHECK(usual_sweep(1).front().values == std::vector<std::string>{"1"});
}
