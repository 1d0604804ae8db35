// frontend/settings.h
//
// What an operator can set, as plain values with their defaults in place. tools/lode reads the file
// into this; serve hands each module its part. A field that has no default that works (the gateway)
// is empty.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/runtime/block_device.h"

namespace lode::frontend {

struct node_settings {
    std::string name;           // shown in Cache-Status; default: the host name
    std::string zone;           // parts are placed only on nodes of the same zone
    std::uint32_t cores = 0;    // 0: one per CPU that the process may use
    bytes memory{4ULL << 30U};  // memory tier, over all cores

    friend bool operator==(const node_settings&, const node_settings&) = default;
};

struct listen_settings {
    std::string s3 = "0.0.0.0:9000";
    std::vector<std::string> domains;  // bucket.<domain> is understood as virtual-hosted style
    std::string peer = "0.0.0.0:9001";
    std::string admin = "127.0.0.1:9002";

    friend bool operator==(const listen_settings&, const listen_settings&) = default;
};

struct origin_settings {
    std::string gateway;                // http://host:port or https://host:port
    std::vector<std::string> backends;  // direct path; empty: the gateway
    std::string region = "us-east-1";
    std::string credentials;  // AWS shared-credentials file; empty: AWS_* environment, or none
    std::string ca_file;      // PEM; empty: the system's store
    std::uint32_t connections = 256;  // to the gateway, per core
    duration connect_timeout = std::chrono::seconds(3);
    // To the first byte of an answer, and each pause in it.
    duration answer_timeout = std::chrono::seconds(60);
    // The same where the request changes something: a copy may take minutes.
    duration change_timeout = std::chrono::minutes(10);
    // How missing parts are read.
    bytes fetch_size{8ULL << 20U};     // of one request
    std::uint32_t fetch_parallel = 4;  // requests for one part at the same time
    bytes background_rate;             // per second; of what nobody waits for; 0: none
    // The same for a backend, after which the next one is asked.
    duration backend_timeout = std::chrono::seconds(5);
    duration backend_check = std::chrono::seconds(5);  // 0: backends are not checked

    friend bool operator==(const origin_settings&, const origin_settings&) = default;
};

enum class auth_mode : std::uint8_t { gateway, local, trust };
enum class consistency_mode : std::uint8_t { strong, bounded };

// Whose word a lode in `trust` mode takes.
enum class trusted_clients : std::uint8_t { loopback, anyone };

struct auth_settings {
    auth_mode mode = auth_mode::gateway;
    std::string keys;  // local: the file with clients' keys and rules
    trusted_clients trusted = trusted_clients::loopback;

    friend bool operator==(const auth_settings&, const auth_settings&) = default;
};

// What holds for keys with this prefix in this bucket, in place of the general rule.
struct consistency_rule {
    std::string bucket;
    std::string prefix;  // empty: every key
    consistency_mode mode = consistency_mode::strong;
    duration max_stale{0};

    friend bool operator==(const consistency_rule&, const consistency_rule&) = default;
};

struct consistency_settings {
    consistency_mode mode = consistency_mode::strong;
    duration max_stale{0};          // bounded: how old the origin's word may be
    std::uint32_t objects = 65536;  // object versions remembered per core
    std::vector<consistency_rule> rules;

    friend bool operator==(const consistency_settings&, const consistency_settings&) = default;
};

struct device_settings {
    std::string path;   // a file (created at `size`) or a block device
    bytes size;         // 0: all of a block device
    bytes write_limit;  // per second; 0: none
    engine::io_completion completion = engine::io_completion::interrupt;

    friend bool operator==(const device_settings&, const device_settings&) = default;
};

enum class admission_kind : std::uint8_t { always, second_hit };

struct cache_settings {
    duration flush_delay = std::chrono::milliseconds(500);
    admission_kind admission = admission_kind::always;
    std::uint32_t device_errors = 16;  // within a minute; 0: any number
    duration device_stall = std::chrono::seconds(8);
    bytes scrub_rate;         // per second and device; 0: no scrub
    std::uint32_t parts = 0;  // that the index can hold; 0: by the size of memory and devices
    bytes read_ahead{32ULL << 20U};        // parts that are filled ahead of a client, in bytes
    bytes object_min;                      // smaller objects are not cached
    std::vector<device_settings> devices;  // none: memory only

    friend bool operator==(const cache_settings&, const cache_settings&) = default;
};

struct limit_settings {
    std::uint32_t connections = 16384;  // clients, over all cores
    std::uint32_t requests = 4096;      // in flight, over all cores; one more gets 503 SlowDown
    bytes head{32ULL << 10U};           // request line and headers
    bytes uri{16ULL << 10U};
    bytes body{5ULL << 40U};  // of one request; S3 itself takes 5 TiB at most for an object
    std::uint32_t headers = 128;
    duration head_timeout = std::chrono::seconds(30);  // from the first byte of a head to its last
    duration body_timeout = std::chrono::seconds(60);  // each pause in a body, in or out
    duration idle_timeout = std::chrono::seconds(60);  // between requests
    duration shutdown_timeout = std::chrono::seconds(30);

    friend bool operator==(const limit_settings&, const limit_settings&) = default;
};

enum class membership_kind : std::uint8_t { none, fixed, dns, etcd };

// A line of a static list.
struct cluster_node_settings {
    std::string name;
    std::string address;  // of its peer port, by address or by name
    std::string zone;
    bytes capacity{1ULL << 40U};  // 0: the line keeps its place, and nobody is there

    friend bool operator==(const cluster_node_settings&, const cluster_node_settings&) = default;
};

struct cluster_settings {
    membership_kind membership = membership_kind::none;
    std::string name = "lode";  // nodes of another name are strangers
    std::string secret_file;
    std::string advertise;  // this node's peer port, as the others reach it; empty: listen.peer
    std::string state_file = "/var/lib/lode/cluster.state";  // which slots this node has claimed
    bytes slot_unit{64ULL << 30U};                           // of capacity, for one slot
    std::uint32_t candidates = 4;                            // nodes that are asked for a part
    std::uint32_t spread_max = 4;                            // those of them that share a hot one
    std::string nodes_file;                                  // static: rows, as `nodes`
    std::vector<cluster_node_settings> nodes;                // static
    std::string dns_name;                                    // "lode.default.svc:9001"
    duration dns_refresh = std::chrono::seconds(5);
    std::vector<std::string> etcd_endpoints;
    std::string etcd_prefix = "/lode";
    std::string etcd_user;
    std::string etcd_password_file;
    std::string etcd_ca_file;  // PEM; empty: the system's store
    duration etcd_lease = std::chrono::seconds(10);

    friend bool operator==(const cluster_settings&, const cluster_settings&) = default;
};

struct log_settings {
    std::string level = "info";  // debug | info | warning | error
    std::string access = "-";    // a file, "-" for standard output, "" for none

    friend bool operator==(const log_settings&, const log_settings&) = default;
};

struct settings {
    node_settings node;
    listen_settings listen;
    origin_settings origin;
    auth_settings auth;
    consistency_settings consistency;
    cache_settings cache;
    cluster_settings cluster;
    limit_settings limits;
    log_settings log;

    friend bool operator==(const settings&, const settings&) = default;
};

}  // namespace lode::frontend
