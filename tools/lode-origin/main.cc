// lode-origin: a directory as an S3 store, for development and tests.

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tools/lode-origin/server.h"

namespace {

using namespace lode::dev_origin;

struct command_line {
    server_options server;
    std::string access_key;
    std::string secret_key;
    std::vector<std::string> users;
    std::uint64_t part_length_min = 5ULL << 20U;
};

void describe_options(CLI::App& app, command_line& given);
bool take_users(command_line& given);

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("lode-origin serves a directory as an S3 store, for development and tests.");
    command_line given;
    describe_options(app, given);
    CLI11_PARSE(app, argc, argv);
    if (!take_users(given)) return 2;
    given.server.part_length_min = lode::bytes(given.part_length_min);
    return run(given.server);
}

namespace {

void describe_options(CLI::App& app, command_line& given) {
    server_options& server = given.server;
    app.add_option("--dir", server.directory,
                   "The directory that holds the buckets. It is made if it does not exist.")
        ->required();
    app.add_option("--listen", server.listen,
                   "The address and port for S3 clients. Port 0 takes a free one.")
        ->capture_default_str();
    app.add_option("--access-key", given.access_key,
                   "The access key of the owner, who may do everything.")
        ->required();
    app.add_option("--secret-key", given.secret_key, "The secret key of the owner.")->required();
    app.add_option(
           "--user", given.users,
           "Another user, as name:access-key:secret-key:rights. Rights are none, read, write "
           "or full, or a list of such with a place each, as in "
           "read@bucket/prefix,write@other. May be given several times.")
        ->allow_extra_args(false);
    app.add_option("--admin", server.admin,
                   "The address and port of the admin pages. Without it there are none.");
    app.add_option("--region", server.region, "The region that requests must be signed for.")
        ->capture_default_str();
    app.add_option("--domain", server.domains,
                   "A domain below which host names are buckets, as in bucket.DOMAIN. May be given "
                   "several times.")
        ->allow_extra_args(false);
    app.add_option("--cores", server.cores, "The number of threads. 0 takes one per CPU.")
        ->capture_default_str();
    auto* certificate =
        app.add_option("--tls-certificate", server.tls_certificate,
                       "A PEM file with the certificate chain. With it, the S3 port speaks TLS.");
    auto* key =
        app.add_option("--tls-key", server.tls_key, "A PEM file with the certificate's key.");
    certificate->needs(key);
    key->needs(certificate);
    app.add_option("--part-length-min", given.part_length_min,
                   "The smallest length in bytes of a part that is not an upload's last.")
        ->capture_default_str();
    app.add_flag(
        "--sync", server.sync,
        "Writes an object to the device before it becomes visible, so that it also survives "
        "a power loss.");
    const std::map<std::string, server_role> roles{{"store", server_role::store},
                                                   {"gateway", server_role::gateway},
                                                   {"backend", server_role::backend}};
    app.add_option(
           "--role", server.role,
           "store: everything. gateway: everything, but the bytes of objects are pointed at "
           "elsewhere. backend: reads of objects only, from another server's directory.")
        ->transform(CLI::CheckedTransformer(roles, CLI::ignore_case));
    app.add_option("--point-to", server.point_to,
                   "With --role gateway: the URL of the backend that has the bytes.");
    const std::map<std::string, point_by> ways{{"redirect", point_by::redirect},
                                               {"signed-redirect", point_by::signed_redirect},
                                               {"header", point_by::header}};
    app.add_option("--point-by", server.points_by,
                   "How a gateway points: 307 with a plain or a presigned Location, or the header "
                   "x-lode-direct-path.")
        ->transform(CLI::CheckedTransformer(ways, CLI::ignore_case));
    app.add_option_function<std::string>(
           "--quirk", [&server](const std::string&) { server.quirks.sse_c_304 = true; },
           "What other stores do differently. sse-c-304: a conditional GET gets its 304 before "
           "the customer's key is looked at.")
        ->check(CLI::IsMember({"sse-c-304"}));
    app.add_flag("--read-only", server.read_only,
                 "Serves the directory of another server without changing anything in it.");
}

bool take_users(command_line& given) {
    given.server.users.push_back({.name = "owner",
                                  .access_key = given.access_key,
                                  .secret_key = given.secret_key,
                                  .rights = {{.grants = right::extent::full}}});
    for (const std::string& text : given.users) {
        auto parsed = parse_user(text);
        if (!parsed) {
            // The text holds a secret, so that only its name is repeated.
            fmt::print(stderr, "--user {}:...: expected name:access-key:secret-key:rights\n",
                       text.substr(0, text.find(':')));
            return false;
        }
        given.server.users.push_back(std::move(*parsed));
    }
    return true;
}

}  // namespace
