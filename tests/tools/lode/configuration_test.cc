#include "tools/lode/configuration.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "tests/catch.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/near_miss.h"
#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"
#include "tools/lode/settings_text.h"

using namespace lode;
using namespace lode::tools;
using namespace lode::literals;
using namespace std::chrono_literals;
using frontend::settings;

namespace {

constexpr std::string_view gateway = "\n[origin]\ngateway = \"http://10.0.0.1:8000\"\n";

// What is said about `toml`, to which a gateway is added where it has no [origin] of its own.
std::string complaints(std::string toml) {
    if (!toml.contains("[origin]")) toml += gateway;
    return print_problems(parse_configuration(toml).problems, "lode.toml");
}

settings accepted(const std::string& toml) {
    const configuration read = parse_configuration(toml + std::string(gateway));
    REQUIRE(print_problems(read.problems, "lode.toml").empty());
    return read.settings;
}

std::string with(const setting& of, std::string_view value) {
    const auto section = std::ranges::find(all_sections(), of.section, &lode::tools::section::name);
    std::string toml =
        fmt::format(fmt::runtime(section->is_array() ? "[[{}]]\n" : "[{}]\n"), of.section);
    for (const setting& other : settings_of(of.section)) {
        if (other.now != setting::standing::required || other.key == of.key) continue;
        toml += fmt::format("{} = {}\n", other.key, other.sample);
    }
    return toml + fmt::format("{} = {}\n", of.key, value);
}

// Whether the setting's own range refuses the value; what it conflicts with is another matter.
bool out_of_range(const setting& of, std::string_view value) {
    return complaints(with(of, value))
        .contains(fmt::format("{}.{}: expected {}, got {}\n", of.section, of.key,
                              describe_values(of.rule), value));
}

}  // namespace

TEST_CASE("sizes are whole numbers with a unit") {
    CHECK(parse_size("0B") == 0_B);
    CHECK(parse_size("1KiB") == 1_KiB);
    CHECK(parse_size("512MiB") == 512_MiB);
    CHECK(parse_size("4GiB") == 4_GiB);
    CHECK(parse_size("1TiB") == 1_TiB);
    CHECK(parse_size("2PiB") == 2048_TiB);
    CHECK(parse_size("3kB") == 3000_B);
    CHECK(parse_size("3KB") == 3000_B);
    CHECK(parse_size("3MB") == 3'000'000_B);
    CHECK(parse_size("3GB") == 3'000'000'000_B);
    CHECK(parse_size("18446744073709551615B") == bytes(~0ULL));

    for (const auto* text :
         {"", "4", "GiB", "4 GiB", " 4GiB", "4GiB ", "4gib", "4G", "-4GiB", "+4GiB", "1.5GiB",
          "0x4GiB", "lots", "18446744073709551616B", "16384PiB", "18446744073709551615KiB"}) {
        INFO(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("durations are whole numbers with a unit") {
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("1h") == 1h);
    CHECK(parse_duration("2562047h") == 2562047h);

    for (const auto* text : {"", "30", "s", "30 s", "30sec", "1.5s", "-1s", "1d", "1us", "2562048h",
                             "18446744073709551615s"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a printed size or duration is the largest unit that loses nothing") {
    CHECK(print_size(0_B) == "0B");
    CHECK(print_size(1023_B) == "1023B");
    CHECK(print_size(1536_KiB) == "1536KiB");
    CHECK(print_size(4_GiB) == "4GiB");
    CHECK(print_duration(0s) == "0s");
    CHECK(print_duration(90s) == "90s");
    CHECK(print_duration(1500ms) == "1500ms");
    CHECK(print_duration(120min) == "2h");
    CHECK(approximate_size(0_B) == "0B");
    CHECK(approximate_size(1536_MiB) == "1.5GiB");
    CHECK(approximate_size(2_TiB) == "2TiB");
}

TEST_CASE("a URL is a scheme, a host and perhaps a port") {
    const auto plain = parse_endpoint("http://10.0.0.1:8000");
    REQUIRE(plain);
    CHECK(plain->how == endpoint::scheme::http);
    CHECK(plain->host == "10.0.0.1");
    CHECK(plain->port == 8000);

    const auto secure = parse_endpoint("https://s3.example.com/");
    REQUIRE(secure);
    CHECK(secure->how == endpoint::scheme::https);
    CHECK(secure->host == "s3.example.com");
    CHECK(secure->port == 443);

    const auto v6 = parse_endpoint("http://[::1]:65535");
    REQUIRE(v6);
    CHECK(v6->host == "::1");
    CHECK(v6->port == 65535);
    CHECK(parse_endpoint("http://[fe80::2]")->port == 80);

    for (const auto* url : {"",
                            "http://",
                            "http:///",
                            "ftp://host:1",
                            "host:8000",
                            "http://host:0",
                            "http://host:65536",
                            "http://host:",
                            "http://host:8x",
                            "http://host:1/path",
                            "http://host:1?q",
                            "http://user@host:1",
                            "http://user:pass@host:1",
                            "http://ho st:1",
                            "http://[::1",
                            "http://::1:80",
                            "http://[host]:1",
                            "http://a..b:1",
                            "http://[::1]x:1",
                            "HTTP://host"}) {
        INFO(url);
        CHECK_FALSE(parse_endpoint(url));
    }
}

TEST_CASE("host names have labels of 63 and 253 characters in all") {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
    CHECK(is_host_name(label));
    CHECK_FALSE(is_host_name(label + "a"));
    CHECK(is_host_name(longest));
    CHECK_FALSE(is_host_name(longest + "a"));
    CHECK_FALSE(is_host_name(""));
    CHECK_FALSE(is_host_name("a."));
    CHECK_FALSE(is_host_name(".a"));
}

TEST_CASE("a mistyped word is at most two letters from the one that was meant") {
    constexpr std::array<std::string_view, 3> words{"memory", "name", "cores"};
    CHECK(near_miss("memroy", words) == "memory");
    CHECK(near_miss("memor", words) == "memory");
    CHECK(near_miss("mmeorry", words) == "memory");
    CHECK(near_miss("core", words) == "cores");
    CHECK_FALSE(near_miss("mmerr", words));
    CHECK_FALSE(near_miss("n", words));
    CHECK_FALSE(near_miss("", words));
    CHECK_FALSE(near_miss(std::string(1000, 'm'), words));
}

TEST_CASE("a configuration with only the gateway has the defaults") {
    settings expected;
    expected.origin.gateway = "http://10.0.0.1:8000";

    const settings read = accepted("");

    CHECK(read == expected);
    CHECK(read.node.memory == 4_GiB);
    CHECK(read.listen.s3 == "0.0.0.0:9000");
    CHECK(read.origin.region == "us-east-1");
    CHECK(read.cache.devices.empty());
    CHECK(read.log.access == "-");
}

TEST_CASE("every setting of a configuration arrives") {
    const configuration read = parse_configuration(R"(
        [node]
        name = "node-a"
        zone = "z1"
        cores = 8
        memory = "16GiB"
        [listen]
        s3 = "[::]:9100"
        domains = ["lode.internal", "s3.example.com"]
        peer = "10.0.0.2:9101"
        admin = "127.0.0.1:9102"
        [origin]
        gateway = "https://s3.example.com"
        region = "eu-central-1"
        credentials = "/etc/lode/credentials"
        ca_file = "/etc/lode/ca.pem"
        connections = 7
        connect_timeout = "500ms"
        answer_timeout = "5m"
        [auth]
        mode = "local"
        keys = "/etc/lode/keys"
        [consistency]
        mode = "bounded"
        max_stale = "3s"
        objects = 100
        [[consistency.rule]]
        bucket = "live"
        [[consistency.rule]]
        bucket = "archive"
        prefix = "2019/"
        mode = "bounded"
        max_stale = "1h"
        [[cache.device]]
        path = "/dev/nvme0n1"
        completion = "poll"
        [[cache.device]]
        path = "/var/lib/lode/cache.0"
        size = "1TiB"
        [limits]
        connections = 10
        requests = 20
        head = "64KiB"
        uri = "64KiB"
        headers = 50
        head_timeout = "1s"
        body_timeout = "2s"
        idle_timeout = "3s"
        shutdown_timeout = "0s"
        [log]
        level = "debug"
        access = ""
    )");
    REQUIRE(print_problems(read.problems, "lode.toml").empty());

    settings expected;
    expected.node = {.name = "node-a", .zone = "z1", .cores = 8, .memory = 16_GiB};
    expected.listen = {.s3 = "[::]:9100",
                       .domains = {"lode.internal", "s3.example.com"},
                       .peer = "10.0.0.2:9101",
                       .admin = "127.0.0.1:9102"};
    expected.origin = {.gateway = "https://s3.example.com",
                       .region = "eu-central-1",
                       .credentials = "/etc/lode/credentials",
                       .ca_file = "/etc/lode/ca.pem",
                       .connections = 7,
                       .connect_timeout = 500ms,
                       .answer_timeout = 5min};
    expected.auth = {.mode = frontend::auth_mode::local, .keys = "/etc/lode/keys"};
    expected.consistency = {.mode = frontend::consistency_mode::bounded,
                            .max_stale = 3s,
                            .objects = 100,
                            .rules = {{.bucket = "live"},
                                      {.bucket = "archive",
                                       .prefix = "2019/",
                                       .mode = frontend::consistency_mode::bounded,
                                       .max_stale = 1h}}};
    expected.cache.devices = {{.path = "/dev/nvme0n1", .completion = engine::io_completion::poll},
                              {.path = "/var/lib/lode/cache.0", .size = 1_TiB}};
    expected.limits = {.connections = 10,
                       .requests = 20,
                       .head = 64_KiB,
                       .uri = 64_KiB,
                       .headers = 50,
                       .head_timeout = 1s,
                       .body_timeout = 2s,
                       .idle_timeout = 3s,
                       .shutdown_timeout = 0s};
    expected.log = {.level = "debug", .access = ""};
    CHECK(read.settings == expected);
}

TEST_CASE("clients may be trusted on loopback, or where the operator says so") {
    const auto accepted = [](std::string_view text) {
        const auto read =
            parse_configuration("[origin]\ngateway = \"http://h\"\n" + std::string(text));
        return print_problems(read.problems, "lode.toml").empty();
    };
    for (const auto* host : {"127.0.0.1", "127.1.2.3", "[::1]"}) {
        CHECK(accepted(std::string("[listen]\ns3 = \"") + host +
                       ":9000\"\n[auth]\nmode = \"trust\"\n"));
    }
    CHECK(accepted("[auth]\nmode = \"trust\"\ntrusted = \"anyone\"\n"));
    CHECK_FALSE(accepted("[listen]\ns3 = \"[::]:9000\"\n[auth]\nmode = \"trust\"\n"));
    CHECK(accepted("[auth]\nmode = \"local\"\nkeys = \"/etc/lode/keys.toml\"\n"));
}

TEST_CASE("a configuration that was printed reads back as the same settings") {
    settings s;
    s.node = {.name = "n", .zone = "z", .cores = 3, .memory = 1000_MiB};
    s.listen = {.s3 = "1.2.3.4:1", .domains = {"a.b", "c"}, .peer = "[::1]:2", .admin = "[::1]:3"};
    s.origin = {.gateway = "https://h",
                .backends = {"http://a:1", "http://b"},
                .region = "r-1",
                .credentials = "/with \"quotes\" and \\",
                .ca_file = "/ümlaut",
                .connections = 9,
                .connect_timeout = 1ms,
                .answer_timeout = 90s,
                .backend_timeout = 7s,
                .backend_check = 0s};
    s.auth = {.mode = frontend::auth_mode::trust,
              .keys = "/keys",
              .trusted = frontend::trusted_clients::anyone};
    s.consistency = {
        .mode = frontend::consistency_mode::bounded,
        .max_stale = 5s,
        .objects = 1,
        .rules = {{.bucket = "a", .prefix = "b/\"c"},
                  {.bucket = "a", .mode = frontend::consistency_mode::bounded, .max_stale = 1ms}}};
    s.cache.flush_delay = 2s;
    s.cache.admission = frontend::admission_kind::second_hit;
    s.cache.device_errors = 0;
    s.cache.device_stall = 0s;
    s.cache.scrub_rate = 5_MiB;
    s.cache.parts = 1'000'000;
    s.cache.read_ahead = 2_MiB;
    s.cache.object_min = 7_KiB;
    s.cache.devices = {{.path = "/a", .size = 64_MiB, .write_limit = 3_MiB},
                       {.path = "b", .size = 0_B, .completion = engine::io_completion::poll}};
    s.cluster = {.membership = frontend::membership_kind::dns,
                 .name = "c-1",
                 .secret_file = "/secret",
                 .advertise = "[::1]:7",
                 .state_file = "/state",
                 .slot_unit = 3_MiB,
                 .candidates = 8,
                 .spread_max = 1,
                 .nodes = {{.name = "a", .address = "host.example:1", .zone = "z", .capacity = 0_B},
                           {.name = "b", .address = "10.0.0.1:2", .capacity = 5_GiB}},
                 .dns_name = "lode.default.svc:9001",
                 .dns_refresh = 100ms,
                 .etcd_endpoints = {"https://e1:2379", "http://e2"},
                 .etcd_prefix = "/a/b",
                 .etcd_user = "u",
                 .etcd_password_file = "/password",
                 .etcd_ca_file = "/etcd.pem",
                 .etcd_lease = 2s};
    s.limits = {.connections = 1,
                .requests = 2,
                .head = 2_KiB,
                .uri = 257_B,
                .headers = 8,
                .head_timeout = 1ms,
                .body_timeout = 1h,
                .idle_timeout = 61s,
                .shutdown_timeout = 1min};
    s.log = {.level = "error", .access = "/var/log/lode"};

    const configuration read = parse_configuration(print_configuration(s));
    CHECK(print_problems(read.problems, "lode.toml").empty());
    CHECK(read.settings == s);
}

TEST_CASE("the packaged example is what the table of settings makes") {
    std::ifstream file(EXAMPLE_FILE);
    std::stringstream packaged;
    packaged << file.rdbuf();

    CHECK(packaged.str() == print_example());
}

TEST_CASE("the example has the defaults, a gateway, a device, a rule and a node") {
    settings expected;
    expected.origin.gateway = "http://10.0.0.1:8000";
    expected.cache.devices = {{.path = "/var/lib/lode/cache.0", .size = 1_TiB}};
    expected.consistency.rules = {{.bucket = "archive"}};
    expected.cluster.nodes = {{.name = "node-a", .address = "10.0.0.7:9001"}};

    const configuration read = parse_configuration(print_example());

    CHECK(print_problems(read.problems, "lode.toml").empty());
    CHECK(read.settings == expected);
}

TEST_CASE("the manual explains every setting once") {
    const std::string manual = print_manual();
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const setting& s : all_settings()) {
        INFO(s.section << "." << s.key);
        CHECK(seen.emplace(s.section, s.key).second);
        CHECK(s.sentence.ends_with('.'));
        CHECK(manual.contains(fmt::format("\n  {}", s.key)));
    }
    for (const section& s : all_sections()) {
        CHECK(manual.contains(fmt::format("[{}]", s.name)));
        CHECK_FALSE(settings_of(s.name).empty());
    }
}

TEST_CASE("the ends of every range are allowed and what lies beyond is refused") {
    for (const setting& s : all_settings()) {
        INFO(s.section << "." << s.key);
        if (const auto* count = std::get_if<count_rule>(&s.rule)) {
            CHECK_FALSE(out_of_range(s, std::to_string(count->least)));
            CHECK_FALSE(out_of_range(s, std::to_string(count->most)));
            CHECK(out_of_range(s, std::to_string(std::int64_t{count->least} - 1)));
            CHECK(out_of_range(s, std::to_string(std::int64_t{count->most} + 1)));
            CHECK(out_of_range(s, "9223372036854775807"));
            CHECK(out_of_range(s, "\"1\""));
            CHECK(out_of_range(s, "1.5"));
            CHECK(out_of_range(s, "true"));
        }
        if (const auto* size = std::get_if<size_rule>(&s.rule)) {
            CHECK_FALSE(out_of_range(s, in_quotes(print_size(size->least))));
            CHECK_FALSE(out_of_range(s, in_quotes(print_size(size->most))));
            CHECK(out_of_range(s, in_quotes(print_size(size->least - 1_B))));
            CHECK(out_of_range(s, in_quotes(print_size(size->most + 1_B))));
            const bool zero = size->none == size_rule::zero::allowed;
            CHECK(out_of_range(s, "\"0B\"") != zero);
        }
        if (const auto* time = std::get_if<duration_rule>(&s.rule)) {
            CHECK_FALSE(out_of_range(s, in_quotes(print_duration(time->least))));
            CHECK_FALSE(out_of_range(s, in_quotes(print_duration(time->most))));
            CHECK(out_of_range(s, in_quotes(print_duration(time->most + 1ms))));
            if (time->least > 0s) CHECK(out_of_range(s, "\"0s\""));
        }
    }
}

TEST_CASE("each mistake is one sentence with its line, its key and what was expected") {
    const std::pair<std::string, std::string> mistakes[] = {
        {"memory = \"4GiB\"\n",
         "lode.toml:1: memory: expected this setting in its section, [node]\n"},
        {"nonsense = 1\n", "lode.toml:1: nonsense: there is no such section\n"},
        {"[nodes]\n", "lode.toml:1: nodes: there is no such section, did you mean \"node\"?\n"},
        {"\"a b\\n\" = 1\n", "lode.toml:1: \"a b\\u000a\": there is no such section\n"},
        {"[[node]]\n", "lode.toml:1: node: expected a section [node], got one in two brackets\n"},
        {"node = 3\n", "lode.toml:1: node: expected a section [node], got 3\n"},
        {"[node]\n\nmemroy = \"1GiB\"\n",
         "lode.toml:3: node.memroy: there is no such setting, did you mean \"memory\"?\n"},
        {"[node]\nregion = \"r\"\n",
         "lode.toml:2: node.region: there is no such setting, did you mean the one in [origin]?\n"},
        {"[node]\nfrobnicate = 1\n",
         "lode.toml:2: node.frobnicate: there is no such setting, expected one of name, zone, "
         "cores, memory\n"},
        {"[node]\nname = \"a b\"\n",
         "lode.toml:2: node.name: expected a name of letters, digits, \"-\", \"_\" and \".\", got "
         "\"a b\"\n"},
        {"[node]\ncores = 1025\n",
         "lode.toml:2: node.cores: expected a whole number from 0 to 1024, got 1025\n"},
        {"[node]\nmemory = 4\n",
         "lode.toml:2: node.memory: expected a size such as \"4GiB\", got 4\n"},
        {"[node]\nmemory = \"4 GiB\"\n",
         "lode.toml:2: node.memory: expected a size such as \"4GiB\", got \"4 GiB\"\n"},
        {"[node]\nmemory = \"63MiB\"\n",
         "lode.toml:2: node.memory: expected a size from 64MiB to 64TiB, got \"63MiB\"\n"},
        {"[node]\nmemory = {}\n",
         "lode.toml:2: node.memory: expected a size such as \"4GiB\", got a section\n"},
        {"[node]\ncores = 8\nmemory = \"127MiB\"\n",
         "lode.toml:3: node.memory: expected at least 16MiB for each of the 8 cores, got "
         "\"127MiB\"\n"},
        {"[node]\ncores = 512\n",
         "lode.toml:2: node.memory: expected at least 16MiB for each of the 512 cores, got "
         "\"4GiB\"\n"},
        {"[listen]\ns3 = \"localhost:9000\"\n",
         "lode.toml:2: listen.s3: expected an IP address and a port such as \"0.0.0.0:9000\", got "
         "\"localhost:9000\"\n"},
        {"[listen]\ns3 = \"0.0.0.0:0\"\n",
         "lode.toml:2: listen.s3: expected an IP address and a port such as \"0.0.0.0:9000\", got "
         "\"0.0.0.0:0\"\n"},
        {"[listen]\ns3 = \"0.0.0.0:65536\"\n",
         "lode.toml:2: listen.s3: expected an IP address and a port such as \"0.0.0.0:9000\", got "
         "\"0.0.0.0:65536\"\n"},
        {"[listen]\nadmin = \"127.0.0.1:9000\"\n",
         "lode.toml:2: listen.admin: expected another port than that of listen.s3 (0.0.0.0:9000), "
         "got \"127.0.0.1:9000\"\n"},
        {"[listen]\ns3 = \"127.0.0.1:9002\"\n",
         "lode.toml:2: listen.admin: expected another port than that of listen.s3 "
         "(127.0.0.1:9002), got \"127.0.0.1:9002\"\n"},
        {"[listen]\ndomains = \"lode.internal\"\n",
         "lode.toml:2: listen.domains: expected a list of at most 64, each a domain name such as "
         "\"lode.internal\", got \"lode.internal\"\n"},
        {"[listen]\ndomains = [\n\"ok\",\n\"http://x\"]\n",
         "lode.toml:4: listen.domains: expected a domain name such as \"lode.internal\", got "
         "\"http://x\"\n"},
        {"[origin]\nregion = \"x\"\n",
         "lode.toml: origin.gateway: expected a value such as \"http://10.0.0.1:8000\", it is not "
         "set\n"},
        {"[origin]\ngateway = \"10.0.0.1:8000\"\n",
         "lode.toml:2: origin.gateway: expected a URL of scheme, host and port such as "
         "\"http://10.0.0.1:8000\", got \"10.0.0.1:8000\"\n"},
        {"[origin]\ngateway = \"http://me:secret@host\"\n",
         "lode.toml:2: origin.gateway: expected a URL of scheme, host and port such as "
         "\"http://10.0.0.1:8000\", got \"...@host\"\n"},
        {"[origin]\ngateway = \"http://localhost:9000\"\n",
         "lode.toml:2: origin.gateway: expected the object store, got \"http://localhost:9000\", "
         "which is where lode itself listens (listen.s3)\n"},
        {"[origin]\ngateway = \"http://h\"\nregion = \"US\"\n",
         "lode.toml:3: origin.region: expected a region such as \"us-east-1\", got \"US\"\n"},
        {"[origin]\ngateway = \"http://h\"\nbackends = [\"b:80\"]\n",
         "lode.toml:3: origin.backends: expected a URL of scheme, host and port such as "
         "\"http://10.0.0.1:8000\", got \"b:80\"\n"},
        {"[origin]\ngateway = \"http://h\"\nconnect_timeout = \"3\"\n",
         "lode.toml:3: origin.connect_timeout: expected a duration such as \"3s\", got \"3\"\n"},
        {"[auth]\nmode = \"none\"\n",
         "lode.toml:2: auth.mode: expected \"gateway\" or \"local\" or \"trust\", got \"none\"\n"},
        {"[auth]\nmode = \"local\"\n",
         "lode.toml:2: auth.keys: expected the path of a file while auth.mode is \"local\", got "
         "none\n"},
        {"[auth]\nmode = \"trust\"\n",
         "lode.toml:2: auth.mode: expected listen.s3 to be a loopback address such as "
         "\"127.0.0.1:9000\" while auth.mode is \"trust\", got \"0.0.0.0:9000\"; auth.trusted = "
         "\"anyone\" says that everybody may use lode's own rights\n"},
        {"[listen]\ns3 = \"10.1.2.3:9000\"\n[auth]\nmode = \"trust\"\ntrusted = \"loopback\"\n",
         "lode.toml:4: auth.mode: expected listen.s3 to be a loopback address such as "
         "\"127.0.0.1:9000\" while auth.mode is \"trust\", got \"10.1.2.3:9000\"; auth.trusted = "
         "\"anyone\" says that everybody may use lode's own rights\n"},
        {"[auth]\ntrusted = true\n",
         "lode.toml:2: auth.trusted: expected \"loopback\" or \"anyone\", got true\n"},
        {"[consistency]\nmode = \"bounded\"\n",
         "lode.toml:2: consistency.mode: expected \"strong\" while auth.mode is \"gateway\", "
         "because every request asks the gateway anyway, got \"bounded\"\n"},
        {"[consistency]\nmax_stale = \"5s\"\n",
         "lode.toml:2: consistency.max_stale: expected \"0s\" while consistency.mode is "
         "\"strong\", got \"5s\"\n"},
        {"consistency = 1\n",
         "lode.toml:1: consistency: expected [consistency] or [[consistency.rule]], got 1\n"},
        {"[consistency.rule]\nbucket = \"b\"\n",
         "lode.toml:1: consistency.rule: expected two brackets, [[consistency.rule]], got one\n"},
        {"[consistency]\nrule = [\"b\"]\n",
         "lode.toml:2: consistency.rule: expected a bucket and what holds for it, got \"b\"\n"},
        {"[[\"consistency.rule\"]]\nbucket = \"b\"\n",
         "lode.toml:1: \"consistency.rule\": expected [[consistency.rule]], without quotes\n"},
        {"[[consistency.rule]]\nprefix = \"p\"\n",
         "lode.toml:1: consistency.rule.bucket: expected a value such as \"archive\", it is not "
         "set\n"},
        {"[[consistency.rule]]\nbucket = \"b/c\"\n",
         "lode.toml:2: consistency.rule.bucket: expected the name of a bucket, got \"b/c\"\n"},
        {"[[consistency.rule]]\nbucket = \"b\"\nmax_stale = \"soon\"\n",
         "lode.toml:3: consistency.rule.max_stale: expected a duration such as \"0s\", got "
         "\"soon\"\n"},
        {"[[consistency.rule]]\nbucket = \"a\"\n"
         "[[consistency.rule]]\nbucket = \"b\"\nmode = \"bounded\"\n",
         "lode.toml:5: consistency.rule.mode: expected \"strong\" while auth.mode is \"gateway\", "
         "because every request asks the gateway anyway, got \"bounded\"\n"},
        {"[[consistency.rule]]\nbucket = \"b\"\nmax_stale = \"5s\"\n",
         "lode.toml:3: consistency.rule.max_stale: expected \"0s\" while the rule's mode is "
         "\"strong\", got \"5s\"\n"},
        {"[[consistency.rule]]\nbucket = \"b\"\n[[consistency.rule]]\nbucket = \"b\"\n",
         "lode.toml:4: consistency.rule.bucket: expected one rule for each bucket and prefix, got "
         "\"b\" and \"\" again\n"},
        {"[cluster]\nmembership = \"consul\"\n",
         "lode.toml:2: cluster.membership: expected \"none\" or \"static\" or \"dns\" or \"etcd\", "
         "got \"consul\"\n"},
        {"[limits]\nuri = \"33KiB\"\n",
         "lode.toml:2: limits.uri: expected at most limits.head (32KiB), got \"33KiB\"\n"},
        {"[log]\nlevel = \"loud\"\n",
         "lode.toml:2: log.level: expected \"debug\", \"info\", \"warning\" or \"error\", got "
         "\"loud\"\n"},
        {"[log]\naccess = 1979-05-27\n",
         "lode.toml:2: log.access: expected the path of a file, got a date or a time\n"},
        {"cache = 1\n", "lode.toml:1: cache: expected [cache] or [[cache.device]], got 1\n"},
        {"[cache]\nsize = \"1TiB\"\n",
         "lode.toml:2: cache.size: there is no such setting, did you mean the one in "
         "[cache.device]?\n"},
        {"[cache.device]\npath = \"/a\"\n",
         "lode.toml:1: cache.device: expected two brackets, [[cache.device]], got one\n"},
        {"[cache]\ndevice = [1]\n",
         "lode.toml:2: cache.device: expected a path and a size, got 1\n"},
        {"[[cache.device]]\nsize = \"1TiB\"\n",
         "lode.toml:1: cache.device.path: expected a value such as \"/var/lib/lode/cache.0\", it "
         "is not set\n"},
        {"[[cache.device]]\npath = \"\"\nsize = \"1TiB\"\n",
         "lode.toml:2: cache.device.path: expected the path of a file, got \"\"\n"},
        {"[[cache.device]]\npath = \"/a\"\nsize = \"lots\"\n",
         "lode.toml:3: cache.device.size: expected a size such as \"1TiB\", got \"lots\"\n"},
        {"[[cache.device]]\npath = \"/a\"\nwrite_limit = \"lots\"\n",
         "lode.toml:3: cache.device.write_limit: expected a size such as \"0B\", got \"lots\"\n"},
        {"[[cache.device]]\npath = \"/a\"\nsize = \"63MiB\"\n",
         "lode.toml:3: cache.device.size: expected a size from 64MiB to 1PiB, or 0B, got "
         "\"63MiB\"\n"},
        {"[[cache.device]]\npath = \"/a\"\ncompletion = \"polling\"\n",
         "lode.toml:3: cache.device.completion: expected \"interrupt\" or \"poll\", got "
         "\"polling\"\n"},
        {"[[cache.device]]\npath = \"/a/b\"\n[[cache.device]]\npath = \"/a/./b\"\n",
         "lode.toml:4: cache.device.path: expected each device once, got \"/a/./b\" again\n"},
    };
    for (const auto& [toml, expected] : mistakes) {
        INFO(toml);
        CHECK(complaints(toml) == expected);
    }
}

TEST_CASE("what is not TOML is refused with its line") {
    CHECK(complaints("[node]\nname = \n").starts_with("lode.toml:2: expected TOML: "));
    CHECK(complaints("[node]\nname = \"a\"\nname = \"b\"\n")
              .starts_with("lode.toml:3: expected TOML: "));
    CHECK(complaints("\n[ # node ]\n").starts_with("lode.toml:2: expected TOML: "));
    CHECK(complaints("[node]\n\nname = \"\xff\"").starts_with("lode.toml:3: expected TOML: "));
}

TEST_CASE("what the parser says about a file is shortened and has no control characters") {
    CHECK(complaints("\nx = i\x01\n").ends_with("saw 'i?'\n"));

    const std::string key = std::string(1000, 'x') + " = 1\n";
    CHECK(complaints(key + key).starts_with("lode.toml:2: expected TOML: "));
    CHECK(complaints(key + key).ends_with("xxx...\n"));
    CHECK(complaints(key + key).size() < 250);
}

TEST_CASE("characters beyond ASCII are no blanks and do no harm") {
    for (const auto* character :
         {"\u00fc", "\u0499", "\u2c5e", "\u3000", "\ufb26", "\ufee9", "\uffff", "\U0001f600"}) {
        INFO(character);
        const std::string text = character;
        CHECK(complaints("\n# " + text + "\n").empty());
        CHECK(complaints("[log]\naccess = \"/" + text + "\"\n").empty());
        CHECK_FALSE(complaints("\n[node" + text + "]\n").empty());
        CHECK_FALSE(complaints("\n" + text + "\n").empty());
    }
    CHECK(complaints("\ufeff[node]\n").empty());
}

TEST_CASE("addresses of different interfaces may share a port") {
    CHECK(complaints("[listen]\ns3 = \"10.0.0.1:9002\"\nadmin = \"127.0.0.1:9002\"\n").empty());
    CHECK(complaints("[listen]\npeer = \"[::]:9002\"\n").contains("listen.admin"));
}

TEST_CASE("a long value is shown shortened, and not in the middle of a character") {
    const std::string shown = complaints("[log]\nlevel = \"" + std::string(39, 'x') + "üüü\"\n");
    CHECK(shown.ends_with(", got \"" + std::string(39, 'x') + "...\"\n"));
}

TEST_CASE("all problems are said, in the order of their lines, up to a limit") {
    std::string toml = "[node]\ncores = -1\n[limits]\n";
    for (std::size_t i = 1; i < problems_printed_max; ++i) toml += fmt::format("wrong{} = 1\n", i);

    const std::string exactly = complaints(toml);
    CHECK(std::ranges::count(exactly, '\n') == problems_printed_max);
    CHECK(exactly.starts_with("lode.toml:2: node.cores: "));
    CHECK_FALSE(exactly.contains(" more\n"));

    const std::string beyond = complaints(toml + "x = 1\ny = 1\n");
    CHECK(std::ranges::count(beyond, '\n') == problems_printed_max + 1);
    CHECK(beyond.ends_with("lode.toml: and 2 more\n"));
}

TEST_CASE("size, depth and counts of a configuration have limits") {
    const std::string exactly(configuration_bytes_max - gateway.size(), '\n');
    CHECK(complaints(exactly).empty());
    CHECK(complaints(exactly + "\n") == "lode.toml: expected at most 64KiB, got more\n");

    std::string dots = "# ";
    dots.append(dots_on_a_line_max, '.');
    CHECK(complaints("\n" + dots).empty());
    CHECK(complaints("\n" + dots + ".") ==
          "lode.toml:2: expected at most 256 dots on a line, got more\n");

    std::string devices;
    for (std::size_t i = 0; i < devices_max; ++i) {
        devices += fmt::format("[[cache.device]]\npath = \"/{}\"\n", i);
    }
    CHECK(complaints(devices).empty());
    CHECK(complaints(devices + "[[cache.device]]\npath = \"/last\"\n") ==
          "lode.toml:1: cache.device: expected at most 64 devices, got 65\n");

    std::string rules;
    for (std::size_t i = 0; i < consistency_rules_max; ++i) {
        rules += fmt::format("[[consistency.rule]]\nbucket = \"{}\"\n", i);
    }
    CHECK(complaints(rules).empty());
    CHECK(complaints(rules + "[[consistency.rule]]\nbucket = \"last\"\n") ==
          "lode.toml:1: consistency.rule: expected at most 256 rules, got 257\n");

    // The deepest nesting that the limits on dots and on values let through to the parser.
    std::string deep;
    for (int level = 0; level < 7; ++level) {
        for (std::size_t dot = 0; dot < dots_on_a_line_max; ++dot) deep += "a.";
        deep += "a = [{\n";
    }
    deep = deep.substr(0, deep.size() - 3) + "1";
    CHECK_FALSE(complaints(deep).empty());
}

TEST_CASE("a configuration that cannot be read is refused") {
    CHECK(print_problems(load_configuration("/no/such/file").problems, "/no/such/file") ==
          "/no/such/file: expected a file that can be read: No such file or directory\n");
    CHECK(print_problems(load_configuration("/").problems, "/") ==
          "/: expected a file that can be read: Is a directory\n");
    CHECK(print_problems(load_configuration("/dev/zero").problems, "/dev/zero") ==
          "/dev/zero: expected at most 64KiB, got more\n");
}

TEST_CASE("settings without effect are named") {
    settings s;
    s.origin.gateway = "http://h";
    s.origin.ca_file = "/ca.pem";
    CHECK(describe_unused(s).empty());

    s.listen.peer = "1.2.3.4:5";
    CHECK(describe_unused(s) ==
          std::vector<std::string>{
              "listen.peer is set, but has no effect while cluster.membership is \"none\"."});
    s.cluster.membership = frontend::membership_kind::dns;
    CHECK(describe_unused(s).empty());
}
