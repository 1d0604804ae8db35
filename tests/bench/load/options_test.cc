#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "bench/load/option_table.h"
#include "bench/load/preset.h"
#include "bench/load/request_source.h"
#include "tests/catch.h"

using namespace lode;
using namespace lode::bench;
using namespace std::chrono_literals;

TEST_CASE("a mix is sizes with weights, or one size") {
    CHECK(parse_mix("64KiB:70,1MiB:30") == size_mix{{.size = bytes(65'536), .weight = 70},
                                                    {.size = bytes(1'048'576), .weight = 30}});
    CHECK(parse_mix("50MB") == size_mix{{.size = bytes(50'000'000), .weight = 1}});
    CHECK(parse_mix("4KiB,8KiB:0") ==
          size_mix{{.size = bytes(4096)}, {.size = bytes(8192), .weight = 0}});
}

TEST_CASE("what is no mix is refused") {
    for (const char* text : {"", ",", "64KiB,", "64", "64KiB:", "64KiB:x", "64KiB:-1", ":1",
                             "64KiB:1:2", "64KiB 1MiB", "64KiB:4294967296"}) {
        INFO(text);
        CHECK_FALSE(parse_mix(text).has_value());
    }
}

TEST_CASE("options say what they expect when they do not get it") {
    load_options o;

    CHECK(set_option(o, "in-flight", "many").error() ==
          "--in-flight expects COUNT, and not \"many\": Requests at once: connections.");
    CHECK(set_option(o, "in-flihgt", "1").error() == "There is no option --in-flihgt.");
    CHECK(set_option(o, "verify", "perhaps").error() ==
          "--verify expects true or false, and not \"perhaps\": Compare every byte that is read.");
}

TEST_CASE("options set what they name") {
    load_options o;
    const auto set = [&o](std::string_view name, std::string_view value) {
        INFO(name);
        REQUIRE(set_option(o, name, value).has_value());
    };
    set("endpoint", "http://10.0.0.1:8000");
    set("server-pid", "12,34");
    set("object-size", "50MB");
    set("part-size", "15MB");
    set("popularity", "zipf:1.1");
    set("rate", "500");
    set("duration", "90s");
    set("mix", "64KiB:70,1MiB:30");
    set("state", "disk");
    set("verify", "true");

    CHECK(o.target.at.url() == "http://10.0.0.1:8000");
    CHECK(o.target.server_pids == std::vector<pid_t>{12, 34});
    CHECK(o.data.sizes == size_mix{{.size = bytes(50'000'000)}});
    CHECK(o.popularity == popularity_law::zipf);
    CHECK(o.zipf_exponent == 1.1);
    CHECK(o.arrivals == arrival_law::constant);  // a rate alone is a schedule
    CHECK(o.measured == 90s);
    CHECK(o.read == reading::ranges);
    CHECK(o.state == cache_state::disk);
    CHECK(o.verify);
    CHECK(problem_of(o) == std::nullopt);
    set("arrivals", "poisson");
    set("rate", "600");
    CHECK(o.arrivals == arrival_law::poisson);
}

TEST_CASE("every preset is a load, and can be set otherwise") {
    CHECK_FALSE(presets().empty());
    for (const preset& p : presets()) {
        INFO(p.name);
        load_options o;
        REQUIRE(apply_preset(o, p.name).has_value());
        CHECK(problem_of(o) == std::nullopt);
        CHECK_FALSE(describe_workload(o).empty());
        REQUIRE(set_option(o, "in-flight", "300").has_value());
        CHECK(o.in_flight == 300);
    }
    load_options o;
    CHECK(apply_preset(o, "warp").error().starts_with("There is no preset warp; there are "));
}

TEST_CASE("the preset of warp's published figures reads 50 MB objects by parts of 15 MB") {
    load_options o;
    REQUIRE(apply_preset(o, "warp-lota").has_value());

    CHECK(o.data.sizes == size_mix{{.size = bytes(50'000'000)}});
    CHECK(o.data.part_size == bytes(15'000'000));
    CHECK(o.read == reading::parts);
    CHECK(o.in_flight == 100);
    CHECK(describe_workload(o) == "15MB parts of 50MB objects, 200, epochs");
}

TEST_CASE("a load that cannot be is refused with its reason") {
    const auto problem_with = [](std::string_view name, std::string_view value) {
        load_options o;
        LODE_ASSERT(set_option(o, name, value).has_value());
        return problem_of(o).value_or("");
    };

    CHECK(problem_with("in-flight", "0") == "1 to 16,384 requests can be in flight.");
    CHECK(problem_with("in-flight", "16385") == "1 to 16,384 requests can be in flight.");
    CHECK(problem_with("in-flight", "16384").empty());
    CHECK(problem_with("cores", "17") ==
          "Each core needs a connection: more in flight, or fewer cores.");
    CHECK(problem_with("objects", "0") == "There must be 1 to 2^32 objects.");
    CHECK(problem_with("range", "0B") == "Range: 0B must lie between 1B and 5TiB.");
    CHECK(problem_with("object-size", "4KiB:0") == "Object size: every weight is 0.");
    CHECK(problem_with("object-size", "6GiB") == "Objects above 5GiB need a part size.");
    CHECK(problem_with("arrivals", "poisson") ==
          "A schedule needs a rate above 0, and at most 100,000,000 requests a second.");
    CHECK(problem_with("rate", "nan") ==
          "A schedule needs a rate above 0, and at most 100,000,000 requests a second.");
    CHECK(problem_with("deadline", "401s") ==
          "The deadline of a request lies between 1ms and 400s.");
    CHECK(problem_with("bucket", "A") ==
          "A bucket's name has 3 to 63 lower-case letters, digits, hyphens and dots.");
    CHECK(problem_with("put-share", "1.5") == "The share of PUTs lies between 0 and 1.");
    CHECK(problem_with("popularity", "zipf:0") ==
          "Zipf's exponent lies above 0 and is at most 10.");
}

TEST_CASE("an epoch by parts asks for every part of every object once") {
    load_options o;
    o.data.objects = 10;
    o.data.sizes = {{.size = bytes(35)}};
    o.data.part_size = bytes(10);
    o.read = reading::parts;
    o.popularity = popularity_law::epoch;
    const data_set data(o.data);
    request_source source(o, data, {});
    REQUIRE(request_source::epoch_length(o, data) == 40);

    std::vector<std::uint64_t> read(10 * 35);
    for (int i = 0; i < 40; ++i) {
        const planned_request r = source.next();
        REQUIRE(r.range.has_value());
        for (std::uint64_t b = 0; b < r.length.count(); ++b) {
            ++read[r.object * 35 + r.range->begin + b];
        }
    }

    CHECK(std::ranges::all_of(read, [](std::uint64_t times) { return times == 1; }));
}

TEST_CASE("ranges lie at multiples of their size, within the object") {
    load_options o;
    o.data.sizes = {{.size = bytes(1000)}};
    o.read = reading::ranges;
    o.ranges = {{.size = bytes(64)}, {.size = bytes(300)}, {.size = bytes(4000)}};
    const data_set data(o.data);
    request_source source(o, data, {});

    std::vector<bool> seen(3);
    for (int i = 0; i < 1000; ++i) {
        const planned_request r = source.next();
        REQUIRE(r.range.has_value());
        const std::uint64_t length = r.length.count();
        REQUIRE((length == 64 || length == 300 || length == 1000));
        REQUIRE(r.range->begin % length == 0);
        REQUIRE(r.range->begin + length <= 1000);
        seen[length == 64 ? 0 : length == 300 ? 1 : 2] = true;
    }
    CHECK(seen == std::vector<bool>(3, true));
}

TEST_CASE("a mixed load writes its share") {
    load_options o;
    o.what = action::mixed;
    o.put_share = 0.3;
    const data_set data(o.data);
    request_source source(o, data, {});

    int puts = 0;
    for (int i = 0; i < 100'000; ++i) {
        if (source.next().what == planned_request::kind::put) ++puts;
    }
    CHECK(std::abs(puts - 30'000) < 750);  // five standard deviations
}
