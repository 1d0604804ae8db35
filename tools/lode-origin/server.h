// tools/lode-origin/server.h
//
// The whole server: its cores, the S3 port, the admin port, and an orderly end on SIGTERM or SIGINT.
//
//   Core     run() is called on the main thread, which is no core. The first core accepts and hands
//            each connection to the core that has the fewest.
//   Errors   What prevents a start is told on standard error; run() then returns 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/units.h"
#include "tools/lode-origin/core_service.h"
#include "tools/lode-origin/users.h"

namespace lode::dev_origin {

struct server_options {
    std::string directory;
    std::string listen = "127.0.0.1:8000";
    std::string admin;  // empty: no admin port
    std::vector<user> users;
    std::string region = "us-east-1";
    std::vector<std::string> domains;
    std::size_t cores = 1;
    std::string tls_certificate;  // both or neither
    std::string tls_key;
    bytes part_length_min{5ULL << 20U};
    bool sync = false;       // an object is on the device before it becomes visible
    bool read_only = false;  // another server may write to the directory meanwhile
    server_role role = server_role::store;
    std::string point_to;  // of a gateway: the URL of the server that has the bytes
    point_by points_by = point_by::redirect;
    quirk_set quirks;
};

// Returns the exit code of the process.
int run(const server_options& options);

}  // namespace lode::dev_origin
