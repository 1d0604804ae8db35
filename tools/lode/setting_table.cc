#include "tools/lode/setting_table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/member.h"
#include "engine/base/assert.h"
#include "tools/lode/quantity.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using namespace lode::literals;
using namespace lode::frontend;
using standing = setting::standing;

constexpr std::array auth_words{"gateway"sv, "local"sv, "trust"sv};
constexpr std::array trusted_words{"loopback"sv, "anyone"sv};
constexpr std::array consistency_words{"strong"sv, "bounded"sv};
constexpr std::array admission_words{"always"sv, "second-hit"sv};
constexpr std::array completion_words{"interrupt"sv, "poll"sv};
constexpr std::array membership_words{"none"sv, "static"sv, "dns"sv, "etcd"sv};

constexpr std::string_view an_address = "an IP address and a port such as \"0.0.0.0:9000\"";
constexpr std::string_view a_url =
    "a URL of scheme, host and port such as \"http://10.0.0.1:8000\"";
constexpr std::string_view a_path = "the path of a file";
constexpr std::string_view a_bucket = "the name of a bucket";
constexpr std::string_view a_reachable_address =
    "an IP address and a port that others reach, such as \"10.0.0.7:9001\"";
constexpr std::string_view a_host_and_port = "a host and a port such as \"10.0.0.7:9001\"";
constexpr std::string_view a_name = "a name of letters, digits, \"-\", \"_\" and \".\"";

template <auto Section, auto Field>
auto& in(settings& s, std::size_t) {
    return s.*Section.*Field;
}

template <auto Field>
auto& in_device(settings& s, std::size_t device) {
    LODE_ASSERT(device < s.cache.devices.size());
    return s.cache.devices[device].*Field;
}

template <auto Field>
auto& in_rule(settings& s, std::size_t rule) {
    LODE_ASSERT(rule < s.consistency.rules.size());
    return s.consistency.rules[rule].*Field;
}

template <auto Field>
auto& in_node(settings& s, std::size_t row) {
    LODE_ASSERT(row < s.cluster.nodes.size());
    return s.cluster.nodes[row].*Field;
}

constexpr rows device_rows{
    .plural = "devices",
    .each = "a path and a size",
    .most = devices_max,
    .count = [](const settings& s) { return s.cache.devices.size(); },
    .add = [](settings& s) { s.cache.devices.emplace_back(); },
};

constexpr rows rule_rows{
    .plural = "rules",
    .each = "a bucket and what holds for it",
    .most = consistency_rules_max,
    .count = [](const settings& s) { return s.consistency.rules.size(); },
    .add = [](settings& s) { s.consistency.rules.emplace_back(); },
};

constexpr rows node_rows{
    .plural = "nodes",
    .each = "a name and an address",
    .most = cluster::members_max,
    .count = [](const settings& s) { return s.cluster.nodes.size(); },
    .add = [](settings& s) { s.cluster.nodes.emplace_back(); },
};

// An enumeration whose values count up from zero in the order of `words`.
template <auto Place>
constexpr word_rule one_of(std::span<const std::string_view> words, std::size_t working) {
    return {
        .words = words,
        .working = working,
        .get = [](settings& s, std::size_t row) { return static_cast<std::size_t>(Place(s, row)); },
        .set =
            [](settings& s, std::size_t row, std::size_t word) {
                using words = std::remove_cvref_t<decltype(Place(s, row))>;
                Place(s, row) = static_cast<words>(word);
            },
    };
}

// clang-format off
constexpr std::array sections{
    section{"node", "This node."},
    section{"listen", "Where lode listens."},
    section{"origin", "The object store behind lode."},
    section{"auth", "Who decides whether a client may read."},
    section{"consistency", "How fresh a cached object must be."},
    section{"consistency.rule", "What holds for the keys with one prefix in one bucket, in place of "
                                "[consistency]. The section may stand once per bucket and prefix; "
                                "of several that fit, the longest prefix counts.",
            &rule_rows},
    section{"cache", "How devices are used."},
    section{"cache.device", "A file or a block device that cached parts are kept on. The section "
                            "may stand once per device; without one, lode caches in memory only.",
            &device_rows},
    section{"cluster", "The other nodes."},
    section{node_section, "A node of the cluster, where cluster.membership is \"static\": the same "
                          "list on every node, in the same order, with this node in it. A node that "
                          "is replaced gives its line to its successor. The section may stand once "
                          "per node.",
            &node_rows},
    section{"limits", "What a client may ask for and how long it may take."},
    section{"log", "What lode writes about itself."},
};

constexpr std::array table{
    setting{"node", "name",
        text_rule{in<&settings::node, &node_settings::name>, is_node_name, a_name},
        "The name that this node signs its answers with in Cache-Status; empty: the host name."},
    setting{"node", "zone",
        text_rule{in<&settings::node, &node_settings::zone>, is_node_name, a_name},
        "Where this node is; the gateway is told with every request. Parts are placed only on nodes "
        "of the same zone."},
    setting{"node", "cores",
        count_rule{in<&settings::node, &node_settings::cores>, 0, 1024},
        "How many threads serve, each on a CPU of its own; 0: one for every CPU that the process "
        "may use."},
    setting{"node", "memory",
        size_rule{in<&settings::node, &node_settings::memory>, 64_MiB, 64_TiB},
        "How much memory the cache takes, over all cores."},

    setting{"listen", "s3",
        text_rule{in<&settings::listen, &listen_settings::s3>, is_listen_address, an_address},
        "Where S3 clients connect."},
    setting{"listen", "domains",
        text_list_rule{in<&settings::listen, &listen_settings::domains>, is_domain,
            "a domain name such as \"lode.internal\"", 64},
        "With \"lode.internal\" here, a request for bucket.lode.internal is understood as one for "
        "that bucket; path-style requests always are."},
    setting{"listen", "peer",
        text_rule{in<&settings::listen, &listen_settings::peer>, is_listen_address, an_address},
        "Where the other nodes connect, if there are any (cluster.membership)."},
    setting{"listen", "admin",
        text_rule{in<&settings::listen, &listen_settings::admin>, is_listen_address, an_address},
        "Where /metrics, /healthz and /readyz are; whoever reaches it may empty the cache."},

    setting{"origin", "gateway",
        text_rule{in<&settings::origin, &origin_settings::gateway>, is_url, a_url},
        "The S3 endpoint of the object store, which authorises every request.",
        "\"http://10.0.0.1:8000\"", standing::required},
    setting{"origin", "backends",
        text_list_rule{in<&settings::origin, &origin_settings::backends>, is_url, a_url, 64},
        "Where objects' bytes are read without the gateway's detour, once it has authorised the "
        "request; empty: from the gateway, or where it points."},
    setting{"origin", "region",
        text_rule{in<&settings::origin, &origin_settings::region>, is_region,
            "a region such as \"us-east-1\""},
        "The region that lode's own requests are signed for."},
    setting{"origin", "credentials",
        text_rule{in<&settings::origin, &origin_settings::credentials>, is_plain_text, a_path},
        "An AWS shared-credentials file with lode's own read identity; empty: AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY of the environment, or none."},
    setting{"origin", "ca_file",
        text_rule{in<&settings::origin, &origin_settings::ca_file>, is_plain_text, a_path},
        "The certificates (PEM) that an https gateway or backend is verified against; empty: the "
        "system's."},
    setting{"origin", "connections",
        count_rule{in<&settings::origin, &origin_settings::connections>, 1, 65'536},
        "How many connections each core may open to the gateway, and to each backend."},
    setting{"origin", "connect_timeout",
        duration_rule{in<&settings::origin, &origin_settings::connect_timeout>, 1ms, 10min},
        "How long a connection to the gateway may take to open."},
    setting{"origin", "answer_timeout",
        duration_rule{in<&settings::origin, &origin_settings::answer_timeout>, 1ms, 24h},
        "How long the gateway may take to the first byte of an answer, and for each pause in it."},
    setting{"origin", "change_timeout",
        duration_rule{in<&settings::origin, &origin_settings::change_timeout>, 1ms, 24h},
        "The same for requests that change something: a copy may take minutes."},
    setting{"origin", "fetch_size",
        size_rule{in<&settings::origin, &origin_settings::fetch_size>, 1_MiB, 1_GiB},
        "How much of a part one request reads, at most."},
    setting{"origin", "fetch_parallel",
        count_rule{in<&settings::origin, &origin_settings::fetch_parallel>, 1, 64},
        "How many such requests read one part at the same time."},
    setting{"origin", "background_rate",
        size_rule{in<&settings::origin, &origin_settings::background_rate>, 1_MiB, 1_TiB,
            size_rule::zero::allowed},
        "How many bytes per second are read that nobody waits for, the rest of parts of which somebody "
        "wanted some; \"0B\": no limit."},
    setting{"origin", "backend_timeout",
        duration_rule{in<&settings::origin, &origin_settings::backend_timeout>, 1ms, 24h},
        "How long a backend may take to the head of an answer, and for each pause in it, before the "
        "next one or the gateway is asked."},
    setting{"origin", "backend_check",
        duration_rule{in<&settings::origin, &origin_settings::backend_check>, 0s, 24h},
        "How often each backend is asked whether it is there; \"0s\": never, only requests tell."},

    setting{"auth", "mode",
        one_of<in<&settings::auth, &auth_settings::mode>>(auth_words, 3),
        "\"gateway\": the gateway authorises every request, as the client signed it. \"local\": lode "
        "verifies clients' signatures against auth.keys and asks the gateway in its own name. "
        "\"trust\": lode does the same for anybody, whatever the signature."},
    setting{"auth", "keys",
        text_rule{in<&settings::auth, &auth_settings::keys>, is_plain_text, a_path},
        "With \"local\": the file with clients' keys and what each may do; it is read again when it "
        "changes."},
    setting{"auth", "trusted",
        one_of<in<&settings::auth, &auth_settings::trusted>>(trusted_words, 2),
        "With \"trust\": \"loopback\" demands that listen.s3 is an address of this host alone; "
        "\"anyone\" lets everybody who reaches listen.s3 use lode's own rights."},

    setting{"consistency", "mode",
        one_of<in<&settings::consistency, &consistency_settings::mode>>(consistency_words, 2),
        "\"strong\": every read sees the last write. \"bounded\": a read may miss what was written "
        "past this node during the last max_stale, and asks the origin less often; what was written "
        "through it is seen at once. Only where auth.mode is \"local\" or \"trust\"."},
    setting{"consistency", "max_stale",
        duration_rule{in<&settings::consistency, &consistency_settings::max_stale>, 0s, 24h},
        "With \"bounded\": how old a cached object may be before the origin is asked again."},
    setting{"consistency", "objects",
        count_rule{in<&settings::consistency, &consistency_settings::objects>, 1, 16'777'216},
        "How many object versions each core remembers."},

    setting{"consistency.rule", "bucket",
        text_rule{in_rule<&consistency_rule::bucket>, is_bucket, a_bucket},
        "The bucket that the rule is about.", "\"archive\"", standing::required},
    setting{"consistency.rule", "prefix",
        text_rule{in_rule<&consistency_rule::prefix>, is_plain_text, "the beginning of keys"},
        "How the keys begin that it is about; empty: all of the bucket's."},
    setting{"consistency.rule", "mode",
        one_of<in_rule<&consistency_rule::mode>>(consistency_words, 2),
        "As consistency.mode, for these keys."},
    setting{"consistency.rule", "max_stale",
        duration_rule{in_rule<&consistency_rule::max_stale>, 0s, 24h},
        "As consistency.max_stale, for these keys."},

    setting{"cache", "flush_delay",
        duration_rule{in<&settings::cache, &cache_settings::flush_delay>, 1ms, 1h},
        "How long a chunk on a device may wait for its descriptor, without which it is not found "
        "after a crash."},
    setting{"cache", "admission",
        one_of<in<&settings::cache, &cache_settings::admission>>(admission_words, 2),
        "Which chunks are written to devices: \"always\" all of them, \"second-hit\" those that "
        "are asked for a second time."},
    setting{"cache", "device_errors",
        count_rule{in<&settings::cache, &cache_settings::device_errors>, 0, 1'000'000},
        "How many errors within a minute take a device out of service; 0: no number does."},
    setting{"cache", "device_stall",
        duration_rule{in<&settings::cache, &cache_settings::device_stall>, 0s, 1h},
        "How long a device may take for one request before it is taken out of service; \"0s\": for "
        "ever."},
    setting{"cache", "scrub_rate",
        size_rule{in<&settings::cache, &cache_settings::scrub_rate>, 1_MiB, 64_GiB,
            size_rule::zero::allowed},
        "How many bytes per second of each device are read in the background to verify them; "
        "\"0B\": none."},
    setting{"cache", "parts",
        count_rule{in<&settings::cache, &cache_settings::parts>, 0, 2'000'000'000},
        "How many parts the index has room for, at about 85 bytes each; 0: one for every 128 KiB of "
        "memory and devices."},

    setting{"cache", "read_ahead",
        size_rule{in<&settings::cache, &cache_settings::read_ahead>, 1_MiB, 16_GiB},
        "How far ahead of a client that reads an object of several parts they are brought in."},
    setting{"cache", "object_min",
        size_rule{in<&settings::cache, &cache_settings::object_min>, 1_KiB, 1_TiB,
            size_rule::zero::allowed},
        "Smaller objects are not cached; \"0B\": all are."},

    setting{"cache.device", "path",
        text_rule{in_device<&device_settings::path>, is_path, a_path},
        "A file, which is created at its size, or a block device.",
        "\"/var/lib/lode/cache.0\"", standing::required},
    setting{"cache.device", "size",
        size_rule{in_device<&device_settings::size>, 64_MiB, bytes(1ULL << 50U),
            size_rule::zero::allowed},
        "How much of it lode uses; \"0B\": all of a block device.", "\"1TiB\""},
    setting{"cache.device", "write_limit",
        size_rule{in_device<&device_settings::write_limit>, 1_MiB, 1_TiB,
            size_rule::zero::allowed},
        "How many bytes per second may be written to it, for its endurance; what is beyond is not "
        "kept on it. \"0B\": no limit."},
    setting{"cache.device", "completion",
        one_of<in_device<&device_settings::completion>>(completion_words, 2),
        "How a core learns that the device is done; \"poll\": it keeps looking, which is quicker and "
        "takes its whole CPU meanwhile. That needs O_DIRECT and a driver with poll queues (for NVMe "
        "the kernel's nvme.poll_queues); without, lode warns and goes on by interrupt."},

    setting{"cluster", "membership",
        one_of<in<&settings::cluster, &cluster_settings::membership>>(membership_words, 4),
        "How nodes find each other. \"none\": this node is alone. \"static\": by the list in "
        "[[cluster.node]] or cluster.nodes_file. \"dns\": by the addresses of cluster.dns_name. "
        "\"etcd\": by what each writes into etcd. All but \"none\" need cluster.secret_file, and an "
        "identity of lode's own (origin.credentials)."},
    setting{"cluster", "name",
        text_rule{in<&settings::cluster, &cluster_settings::name>, is_domain, a_name},
        "The name of the cluster; nodes of another one are refused."},
    setting{"cluster", "secret_file",
        text_rule{in<&settings::cluster, &cluster_settings::secret_file>, is_plain_text, a_path},
        "The file with what all nodes of the cluster know and nobody else: at least 16 bytes."},
    setting{"cluster", "advertise",
        text_rule{in<&settings::cluster, &cluster_settings::advertise>, is_no_or_reachable_address,
            a_reachable_address},
        "Where the other nodes reach this node's peer port; empty: at listen.peer, where that names "
        "one address. \"etcd\" must know it."},
    setting{"cluster", "state_file",
        text_rule{in<&settings::cluster, &cluster_settings::state_file>, is_path, a_path},
        "Where this node remembers which parts are its own, so that it has the same ones after a "
        "restart."},
    setting{"cluster", "slot_unit",
        size_rule{in<&settings::cluster, &cluster_settings::slot_unit>, 1_MiB, 1_TiB},
        "How much of a node's capacity counts as one share of the parts; the same on every node."},
    setting{"cluster", "candidates",
        count_rule{in<&settings::cluster, &cluster_settings::candidates>, 1, 8},
        "How many nodes are asked for a part, one after the other, before the origin is."},
    setting{"cluster", "spread_max",
        count_rule{in<&settings::cluster, &cluster_settings::spread_max>, 1, 8},
        "How many of them share the readers of a part that very many read; at most "
        "cluster.candidates."},
    setting{"cluster", "nodes_file",
        text_rule{in<&settings::cluster, &cluster_settings::nodes_file>, is_plain_text, a_path},
        "With \"static\": a file of [[cluster.node]] in place of those below; it is read again when "
        "it changes."},
    setting{"cluster", "dns_name",
        text_rule{in<&settings::cluster, &cluster_settings::dns_name>, is_no_or_host_and_port,
            "a name and a port such as \"lode.default.svc:9001\""},
        "With \"dns\": the name whose addresses are the nodes, and their peer port."},
    setting{"cluster", "dns_refresh",
        duration_rule{in<&settings::cluster, &cluster_settings::dns_refresh>, 100ms, 1h},
        "With \"dns\": how often it is resolved; also names in a static list."},
    setting{"cluster", "etcd_endpoints",
        text_list_rule{in<&settings::cluster, &cluster_settings::etcd_endpoints>, is_url,
            "a URL of scheme, host and port such as \"http://10.0.0.1:2379\"", 16},
        "With \"etcd\": where it answers clients; the next one is asked when one does not."},
    setting{"cluster", "etcd_prefix",
        text_rule{in<&settings::cluster, &cluster_settings::etcd_prefix>, is_key_prefix,
            "a path such as \"/lode\""},
        "With \"etcd\": how lode's keys begin; each node writes PREFIX/CLUSTER/nodes/NAME."},
    setting{"cluster", "etcd_user",
        text_rule{in<&settings::cluster, &cluster_settings::etcd_user>, is_plain_text,
            "the name of a user"},
        "With \"etcd\": whom lode calls itself there; empty: nobody."},
    setting{"cluster", "etcd_password_file",
        text_rule{in<&settings::cluster, &cluster_settings::etcd_password_file>, is_plain_text,
            a_path},
        "With \"etcd\": the file with that user's password."},
    setting{"cluster", "etcd_ca_file",
        text_rule{in<&settings::cluster, &cluster_settings::etcd_ca_file>, is_plain_text, a_path},
        "With \"etcd\": the authorities, in PEM, one of which must have signed its certificate; "
        "empty: those of the system."},
    setting{"cluster", "etcd_lease",
        duration_rule{in<&settings::cluster, &cluster_settings::etcd_lease>, 2s, 1h},
        "With \"etcd\": how long it remembers a node that does not report any more."},

    setting{node_section, "name",
        text_rule{in_node<&cluster_node_settings::name>, is_domain, a_name},
        "The node's node.name.", "\"node-a\"", standing::required},
    setting{node_section, "address",
        text_rule{in_node<&cluster_node_settings::address>, is_host_and_port, a_host_and_port},
        "Where the others reach its peer port.", "\"10.0.0.7:9001\"", standing::required},
    setting{node_section, "zone",
        text_rule{in_node<&cluster_node_settings::zone>, is_node_name, a_name},
        "The node's node.zone."},
    setting{node_section, "capacity",
        size_rule{in_node<&cluster_node_settings::capacity>, 1_MiB, bytes(1ULL << 50U),
            size_rule::zero::allowed},
        "What it can cache, in proportion to the others; \"0B\": nobody is there, and the line only "
        "keeps those below in their places."},

    setting{"limits", "connections",
        count_rule{in<&settings::limits, &limit_settings::connections>, 1, 1'000'000},
        "How many clients may be connected, over all cores."},
    setting{"limits", "requests",
        count_rule{in<&settings::limits, &limit_settings::requests>, 1, 1'000'000},
        "How many requests may be in flight, over all cores; one more gets 503 SlowDown at once."},
    setting{"limits", "head",
        size_rule{in<&settings::limits, &limit_settings::head>, 1_KiB, 1_MiB},
        "How long a request line with its headers may be."},
    setting{"limits", "uri",
        size_rule{in<&settings::limits, &limit_settings::uri>, 256_B, 1_MiB},
        "How long the target of a request may be; at most limits.head."},
    setting{"limits", "headers",
        count_rule{in<&settings::limits, &limit_settings::headers>, 8, 4096},
        "How many headers a request may have."},
    setting{"limits", "body",
        size_rule{in<&settings::limits, &limit_settings::body>, 1_KiB, bytes(1ULL << 50U)},
        "How long the body of a request may be; a longer one is refused with 413."},
    setting{"limits", "head_timeout",
        duration_rule{in<&settings::limits, &limit_settings::head_timeout>, 1ms, 1h},
        "How long a head may take, from its first byte to its last."},
    setting{"limits", "body_timeout",
        duration_rule{in<&settings::limits, &limit_settings::body_timeout>, 1ms, 24h},
        "How long each pause in a body may be, in either direction."},
    setting{"limits", "idle_timeout",
        duration_rule{in<&settings::limits, &limit_settings::idle_timeout>, 1ms, 24h},
        "How long a connection may be silent between two requests."},
    setting{"limits", "shutdown_timeout",
        duration_rule{in<&settings::limits, &limit_settings::shutdown_timeout>, 0s, 1h},
        "How long requests in flight may take to end after SIGTERM."},

    setting{"log", "level",
        text_rule{in<&settings::log, &log_settings::level>, is_log_level,
            "\"debug\", \"info\", \"warning\" or \"error\""},
        "The least serious lines that reach standard error."},
    setting{"log", "access",
        text_rule{in<&settings::log, &log_settings::access>, is_plain_text, a_path},
        "Where the access log goes: a file, \"-\" for standard output, or empty for none."},
};
// clang-format on

template <class... Cases>
struct cases : Cases... {
    using Cases::operator()...;
};

}  // namespace

std::span<const section> all_sections() { return sections; }

std::span<const setting> all_settings() { return table; }

std::span<const setting> settings_of(std::string_view section) {
    const auto belongs = [&](const setting& s) { return s.section == section; };
    const auto first = std::ranges::find_if(table, belongs);
    return {first, std::find_if_not(first, table.end(), belongs)};
}

settings every_default() {
    settings s;
    for (const section& of : sections) {
        if (of.is_array()) of.tables->add(s);
    }
    return s;
}

std::string print_value(const setting& of, const settings& from, std::size_t row) {
    // The places hand out references to change; a copy may be changed.
    settings copy = from;
    return std::visit(
        cases{
            [&](const text_rule& rule) { return in_quotes(rule.at(copy, row)); },
            [&](const text_list_rule& rule) {
                std::vector<std::string> elements;
                for (const auto& text : rule.at(copy, row)) elements.push_back(in_quotes(text));
                return fmt::format("[{}]", fmt::join(elements, ", "));
            },
            [&](const count_rule& rule) { return std::to_string(rule.at(copy, row)); },
            [&](const size_rule& rule) { return in_quotes(print_size(rule.at(copy, row))); },
            [&](const duration_rule& rule) {
                return in_quotes(print_duration(rule.at(copy, row)));
            },
            [&](const word_rule& rule) { return in_quotes(rule.words[rule.get(copy, row)]); },
        },
        of.rule);
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += '\\';
        if (code < 0x20 || code == 0x7f) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string describe_values(const value_rule& rule) {
    return std::visit(
        cases{
            [](const text_rule& r) { return std::string(r.expected); },
            [](const text_list_rule& r) {
                return fmt::format("a list of at most {}, each {}", r.most, r.expected);
            },
            [](const count_rule& r) {
                return fmt::format("a whole number from {} to {}", r.least, r.most);
            },
            [](const size_rule& r) {
                return fmt::format("a size from {} to {}{}", print_size(r.least),
                                   print_size(r.most),
                                   r.none == size_rule::zero::allowed ? ", or 0B" : "");
            },
            [](const duration_rule& r) {
                return fmt::format("a duration from {} to {}", print_duration(r.least),
                                   print_duration(r.most));
            },
            [](const word_rule& r) { return describe_words(r); },
        },
        rule);
}

std::string describe_words(const word_rule& rule) {
    std::vector<std::string> working;
    for (const auto word : rule.words.first(rule.working)) working.push_back(in_quotes(word));
    return fmt::format("{}", fmt::join(working, " or "));
}

}  // namespace lode::tools
