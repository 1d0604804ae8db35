#include "tools/lode/cluster_rules.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "cluster/member.h"
#include "tests/catch.h"
#include "tools/lode/configuration.h"

namespace lode::tools {
namespace {

using namespace lode::literals;

constexpr std::string_view origin = "\n[origin]\ngateway = \"http://10.0.0.1:8000\"\n";

std::string cluster_complaints(const std::string& toml) {
    return print_problems(parse_configuration(toml + std::string(origin)).problems, "lode.toml");
}

std::string list_complaints(const std::string& toml) {
    return print_problems(parse_node_list(toml).problems, "nodes.toml");
}

std::string row(std::string_view name, std::string_view address) {
    return fmt::format("[[cluster.node]]\nname = \"{}\"\naddress = \"{}\"\n", name, address);
}

}  // namespace

TEST_CASE("every kind of membership has a configuration that is accepted") {
    const std::string secret = "secret_file = \"/secret\"\n";
    for (const auto& toml : {
             std::string("[cluster]\nmembership = \"none\"\n"),
             "[cluster]\nmembership = \"static\"\n" + secret + row("a", "10.0.0.1:1"),
             "[cluster]\nmembership = \"static\"\n" + secret + "nodes_file = \"/nodes\"\n",
             "[node]\nname = \"b\"\n[cluster]\nmembership = \"static\"\n" + secret +
                 row("a", "10.0.0.1:1") + row("b", "b.example:1"),
             "[cluster]\nmembership = \"dns\"\n" + secret + "dns_name = \"lode.svc:9001\"\n",
             "[cluster]\nmembership = \"etcd\"\n" + secret +
                 "etcd_endpoints = [\"http://e:2379\"]\nadvertise = \"10.0.0.1:9001\"\n",
             "[listen]\npeer = \"10.0.0.1:9001\"\n[cluster]\nmembership = \"etcd\"\n" + secret +
                 "etcd_endpoints = [\"http://e:2379\"]\n",
         }) {
        INFO(toml);
        CHECK(cluster_complaints(toml).empty());
    }
}

TEST_CASE("what a kind of membership needs is demanded, and what contradicts it is refused") {
    const std::string secret = "secret_file = \"/secret\"\n";
    const std::pair<std::string, std::string> mistakes[] = {
        {"[cluster]\nmembership = \"dns\"\ndns_name = \"lode:1\"\n",
         "lode.toml:2: cluster.secret_file: expected the path of a file while cluster.membership "
         "is "
         "not \"none\", got none\n"},
        {"[cluster]\nmembership = \"static\"\n" + secret,
         "lode.toml:2: cluster.nodes_file: expected the path of a file, or a [[cluster.node]] for "
         "each node, while cluster.membership is \"static\", got neither\n"},
        {"[cluster]\nmembership = \"static\"\n" + secret + "nodes_file = \"/nodes\"\n" +
             row("a", "10.0.0.1:1"),
         "lode.toml:4: cluster.nodes_file: expected either a file or [[cluster.node]], got both\n"},
        {"[node]\nname = \"c\"\n[cluster]\nmembership = \"static\"\n" + secret +
             row("a", "10.0.0.1:1") + row("b", "10.0.0.2:1"),
         "lode.toml:2: node.name: expected the name of one [[cluster.node]] that has a capacity, "
         "got \"c\"\n"},
        {"[node]\nname = \"a\"\n[cluster]\nmembership = \"static\"\n" + secret +
             row("a", "10.0.0.1:1") + "capacity = \"0B\"\n",
         "lode.toml:2: node.name: expected the name of one [[cluster.node]] that has a capacity, "
         "got \"a\"\n"},
        {"[node]\nname = \"a\"\nzone = \"x\"\n[cluster]\nmembership = \"static\"\n" + secret +
             row("a", "10.0.0.1:1") + "zone = \"y\"\n",
         "lode.toml:10: cluster.node.zone: expected this node's own zone, node.zone (\"x\"), got "
         "\"y\"\n"},
        {"[cluster]\nmembership = \"dns\"\n" + secret,
         "lode.toml:2: cluster.dns_name: expected a name and a port while cluster.membership is "
         "\"dns\", got none\n"},
        {"[cluster]\nmembership = \"etcd\"\n" + secret + "advertise = \"10.0.0.1:1\"\n",
         "lode.toml:2: cluster.etcd_endpoints: expected at least one URL while cluster.membership "
         "is \"etcd\", got none\n"},
        {"[listen]\npeer = \"0.0.0.0:9101\"\n[cluster]\nmembership = \"etcd\"\n" + secret +
             "etcd_endpoints = [\"http://e\"]\n",
         "lode.toml:2: cluster.advertise: expected the address of this node's peer port while "
         "cluster.membership is \"etcd\" and listen.peer (\"0.0.0.0:9101\") names none, got "
         "none\n"},
        {"[cluster]\nmembership = \"etcd\"\n" + secret +
             "advertise = \"10.0.0.1:1\"\netcd_endpoints = [\"http://e\"]\netcd_user = \"u\"\n",
         "lode.toml:6: cluster.etcd_password_file: expected the path of a file beside "
         "cluster.etcd_user, got none\n"},
        {"[cluster]\nmembership = \"etcd\"\n" + secret +
             "advertise = \"10.0.0.1:1\"\netcd_endpoints = [\"http://e\"]\n"
             "etcd_password_file = \"/p\"\n",
         "lode.toml:6: cluster.etcd_user: expected a name beside cluster.etcd_password_file, got "
         "none\n"},
        {"[cluster]\ncandidates = 3\nspread_max = 4\n",
         "lode.toml:3: cluster.spread_max: expected at most cluster.candidates (3), got 4\n"},
    };
    for (const auto& [toml, expected] : mistakes) {
        INFO(toml);
        CHECK(cluster_complaints(toml) == expected);
    }
}

TEST_CASE("names and addresses of a cluster's settings have a form") {
    const std::pair<std::string, std::string> mistakes[] = {
        {"[cluster]\nname = \"a b\"\n", "a name of letters, digits, \"-\", \"_\" and \".\""},
        {"[cluster]\nadvertise = \"0.0.0.0:9001\"\n",
         "an IP address and a port that others reach, such as \"10.0.0.7:9001\""},
        {"[cluster]\nadvertise = \"node-a:9001\"\n",
         "an IP address and a port that others reach, such as \"10.0.0.7:9001\""},
        {"[cluster]\ndns_name = \"lode\"\n", "a name and a port such as \"lode.default.svc:9001\""},
        {"[cluster]\ndns_name = \"lode:0\"\n",
         "a name and a port such as \"lode.default.svc:9001\""},
        {"[cluster]\netcd_prefix = \"/\"\n", "a path such as \"/lode\""},
        {"[cluster]\netcd_prefix = \"/lode/\"\n", "a path such as \"/lode\""},
        {"[cluster]\netcd_prefix = \"lode\"\n", "a path such as \"/lode\""},
        {row("a", "10.0.0.1"), "a host and a port such as \"10.0.0.7:9001\""},
        {row("a", "[::]:1"), "a host and a port such as \"10.0.0.7:9001\""},
        {row("", "10.0.0.1:1"), "a name of letters, digits, \"-\", \"_\" and \".\""},
    };
    for (const auto& [toml, expected] : mistakes) {
        INFO(toml);
        CHECK(cluster_complaints(toml).contains(": expected " + expected + ", got "));
    }
    CHECK(cluster_complaints("[[cluster.node]]\nname = \"a\"\n") ==
          "lode.toml:1: cluster.node.address: expected a value such as \"10.0.0.7:9001\", it is "
          "not set\n");
}

TEST_CASE("a list of nodes has each name and each address once") {
    CHECK(cluster_complaints(row("a", "10.0.0.1:1") + row("a", "10.0.0.2:1")) ==
          "lode.toml:5: cluster.node.name: expected each name once, got \"a\" again\n");
    CHECK(cluster_complaints(row("a", "10.0.0.1:1") + row("b", "10.0.0.1:1")) ==
          "lode.toml:6: cluster.node.address: expected each address once, got \"10.0.0.1:1\" "
          "again\n");
    CHECK(list_complaints(row("a", "10.0.0.1:1") + row("a", "10.0.0.1:1")) ==
          "nodes.toml:5: cluster.node.name: expected each name once, got \"a\" again\n"
          "nodes.toml:6: cluster.node.address: expected each address once, got \"10.0.0.1:1\" "
          "again\n");
}

TEST_CASE("a list of nodes in a file of its own is read as in the configuration") {
    const node_list read = parse_node_list(row("a", "10.0.0.1:1") + "zone = \"z\"\n" +
                                           row("b", "b.example:2") + "capacity = \"0B\"\n");

    REQUIRE(read.problems.empty());
    REQUIRE(read.nodes.size() == 2);
    CHECK(read.nodes[0] ==
          frontend::cluster_node_settings{.name = "a", .address = "10.0.0.1:1", .zone = "z"});
    CHECK(read.nodes[1] ==
          frontend::cluster_node_settings{.name = "b", .address = "b.example:2", .capacity = 0_B});
    CHECK(find_node(read.nodes, "a") == read.nodes.data());
    CHECK(find_node(read.nodes, "b") == nullptr);
}

TEST_CASE("a list of nodes holds nothing else, and at least one node") {
    CHECK(list_complaints("") ==
          "nodes.toml: cluster.node: expected at least one node, got none\n");
    CHECK(list_complaints("[origin]\ngateway = \"http://h\"\n") ==
          "nodes.toml:1: origin: there is no such section here, expected [[cluster.node]]\n");
    CHECK(list_complaints("[cluster]\nname = \"x\"\n") ==
          "nodes.toml:2: cluster.name: there is no such setting here, expected "
          "[[cluster.node]]\n");
    CHECK(list_complaints("[[node]]\nname = \"x\"\n") ==
          "nodes.toml:1: node: there is no such section here, expected [[cluster.node]]\n");
    CHECK(list_complaints("[cluster.node]\nname = \"x\"\n") ==
          "nodes.toml:1: cluster.node: expected two brackets, [[cluster.node]], got one\n");
    CHECK(list_complaints("cluster = 1\n") ==
          "nodes.toml:1: cluster: there is no such section here, expected [[cluster.node]]\n");
    CHECK(list_complaints(row("a", "10.0.0.1:1") + "size = 1\n").contains("nodes.toml:4: "));
    CHECK(list_complaints("[[cluster.node]\n").starts_with("nodes.toml:1: expected TOML: "));
}

TEST_CASE("a list of nodes may be as long as a cluster is large") {
    std::string rows;
    for (std::uint32_t i = 0; i < cluster::members_max; ++i) {
        rows += row(fmt::format("n{}", i), fmt::format("10.0.{}.{}:1", i / 256, i % 256));
    }
    CHECK(parse_node_list(rows).nodes.size() == cluster::members_max);
    CHECK(list_complaints(rows).empty());
    CHECK(list_complaints(rows + row("more", "10.1.0.0:1")) ==
          "nodes.toml:1: cluster.node: expected at most 16384 nodes, got 16385\n");

    const std::string longest(nodes_file_bytes_max - row("a", "b:1").size(), '\n');
    CHECK(list_complaints(longest + row("a", "b:1")).empty());
    CHECK(list_complaints(longest + "\n" + row("a", "b:1")) ==
          "nodes.toml: expected at most 4MiB, got more\n");
}

}  // namespace lode::tools
