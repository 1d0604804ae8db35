#include "tools/lode/cluster_check.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "tests/catch.h"
#include "tests/tools/lode/fake_host.h"

namespace lode::tools {
namespace {

using frontend::membership_kind;
using frontend::settings;

class files {
  public:
    files() { REQUIRE(mkdtemp(directory_.data()) != nullptr); }
    ~files() { std::filesystem::remove_all(directory_); }
    files(const files&) = delete;
    files& operator=(const files&) = delete;

    [[nodiscard]] std::string put(const std::string& name, const std::string& text) const {
        const std::string path = directory_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

  private:
    std::string directory_ = "/tmp/lode-cluster-XXXXXX";
};

constexpr auto* list =
    "[[cluster.node]]\nname = \"a\"\naddress = \"10.0.0.1:1\"\nzone = \"z\"\n"
    "[[cluster.node]]\nname = \"gone\"\naddress = \"10.0.0.2:1\"\ncapacity = \"0B\"\n";

settings member_a(const std::string& nodes_file) {
    settings s;
    s.node = {.name = "a", .zone = "z"};
    s.cluster.membership = membership_kind::fixed;
    s.cluster.nodes_file = nodes_file;
    return s;
}

}  // namespace

TEST_CASE("a secret of sixteen bytes is enough, and the end of its line is not part of it") {
    const files at;
    fake_host host;
    settings s;
    const auto check = [&](const std::string& text) {
        s.cluster.secret_file = at.put("secret", text);
        return check_cluster_secret(s, host);
    };
    CHECK(check("0123456789abcdef").how == severity::fine);
    CHECK(check("0123456789abcdef\n").how == severity::fine);

    const finding short_one = check("0123456789abcde\n");
    CHECK(short_one.how == severity::fatal);
    CHECK(short_one.sentence == fmt::format("cluster.secret_file {} has 15 bytes, and at least 16 "
                                            "are expected.",
                                            s.cluster.secret_file));
    CHECK(check("").how == severity::fatal);
    CHECK(check(std::string(4096, 'x')).how == severity::fine);
    CHECK(check(std::string(4097, 'x')).sentence.ends_with("it is larger than 4KiB."));
}

TEST_CASE("a secret that everybody may read is warned of, one that nobody may read is fatal") {
    const files at;
    fake_host host;
    host.world_readable = true;
    settings s;
    s.cluster.secret_file = at.put("secret", "0123456789abcdef");
    const finding open = check_cluster_secret(s, host);
    CHECK(open.how == severity::warning);
    CHECK(open.remedy == fmt::format("Run `chmod 600 {}`.", s.cluster.secret_file));

    s.cluster.secret_file = "/no/such/file";
    const finding missing = check_cluster_secret(s, host);
    CHECK(missing.how == severity::fatal);
    CHECK(missing.sentence ==
          "cluster.secret_file /no/such/file cannot be read: No such file or directory.");

    s.cluster.etcd_password_file = at.put("password", "p\n");
    CHECK(check_etcd_password(s, host).how == severity::warning);
    s.cluster.etcd_password_file = at.put("password", "\n");
    CHECK(check_etcd_password(s, host).how == severity::fatal);
}

TEST_CASE("a node of a static list must be in it, with its zone") {
    const files at;
    settings s = member_a(at.put("nodes", list));
    CHECK(check_node_list(s).how == severity::fine);

    s.node.zone = "y";
    CHECK(check_node_list(s).sentence == fmt::format("This node's zone is \"y\" by node.zone and "
                                                     "\"z\" by {}.",
                                                     s.cluster.nodes_file));
    s.node.name = "gone";
    CHECK(check_node_list(s).how == severity::fatal);
    s.node.name = "b";
    CHECK(check_node_list(s).sentence ==
          fmt::format("This node calls itself \"b\", and no node of {} with a capacity has that "
                      "name.",
                      s.cluster.nodes_file));

    s = member_a("");
    s.cluster.nodes = {{.name = "a", .address = "10.0.0.1:1", .zone = "z"}};
    CHECK(check_node_list(s).how == severity::fine);
    s.node.name = "b";
    CHECK(check_node_list(s).sentence.contains("[[cluster.node]]"));
}

TEST_CASE("a list that cannot be used is fatal, with its first mistake") {
    const files at;
    const settings s = member_a(at.put("nodes", "[[cluster.node]]\nname = \"a\"\n"));

    const finding found = check_node_list(s);

    CHECK(found.how == severity::fatal);
    CHECK(found.sentence ==
          fmt::format("cluster.nodes_file: {}:1: cluster.node.address: expected a "
                      "value such as \"10.0.0.7:9001\", it is not set.",
                      s.cluster.nodes_file));
    CHECK(check_node_list(member_a("/no/such/file")).how == severity::fatal);
}

TEST_CASE("which files are looked at depends on the kind of membership") {
    const files at;
    fake_host host;
    settings s = member_a(at.put("nodes", list));
    s.cluster.secret_file = at.put("secret", "0123456789abcdef");
    CHECK(check_cluster_files(s, host).size() == 2);

    s.cluster.membership = membership_kind::dns;
    CHECK(check_cluster_files(s, host).size() == 2);
    CHECK(worst_of(check_cluster_files(s, host)) == severity::fine);
    host.write = EACCES;
    CHECK(worst_of(check_cluster_files(s, host)) == severity::warning);
    host.write = 0;

    s.cluster.membership = membership_kind::etcd;
    s.cluster.etcd_password_file = at.put("password", "p");
    s.cluster.etcd_ca_file = "/ca.pem";
    CHECK(check_cluster_files(s, host).size() == 4);
    CHECK(worst_of(check_cluster_files(s, host)) == severity::fine);
    host.read = EACCES;
    CHECK(worst_of(check_cluster_files(s, host)) == severity::fatal);
}

TEST_CASE("a member of a cluster needs an identity of its own and its peer port") {
    fake_host host;
    settings s;
    s.origin.gateway = "http://10.0.0.1:8000";
    const environment nothing = [](const std::string&) { return std::nullopt; };
    const environment keys = [](const std::string& name) -> std::optional<std::string> {
        if (name.starts_with("AWS_") && name.contains("KEY")) return "X";
        return std::nullopt;
    };
    CHECK(check_identity(s, nothing, host).how == severity::fine);

    const files at;
    s.cluster.membership = membership_kind::dns;
    s.cluster.secret_file = at.put("secret", "0123456789abcdef");
    const finding none = check_identity(s, nothing, host);
    CHECK(none.how == severity::fatal);
    CHECK(none.sentence.contains("cluster.membership"));
    CHECK(check_identity(s, keys, host).how == severity::fine);

    CHECK(worst_of(check_host(s, keys, host, origin_probe::skip)) == severity::fine);
    host.listen = EADDRINUSE;
    const auto found = check_host(s, keys, host, origin_probe::skip);
    CHECK(std::ranges::any_of(found, [](const finding& f) {
        return f.sentence.starts_with("listen.peer cannot listen on 0.0.0.0:9001");
    }));
}

}  // namespace lode::tools
