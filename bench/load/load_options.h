// bench/load/load_options.h
//
// What a load is: where to, on which data, which requests, how many at once, and for how long. Plain data,
// with defaults that make sense together; option_table.h reads it from words.
//
//   Errors   problem_of() is one sentence for the person who asked for this load.
//   Limits   As stated at each field; problem_of() keeps them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "frontend/http/endpoint.h"
#include "frontend/s3/sigv4.h"

namespace lode::bench {

// Sizes that are drawn, each as often as its weight says.
struct size_share {
    bytes size;
    std::uint32_t weight = 1;

    friend bool operator==(const size_share&, const size_share&) = default;
};
using size_mix = std::vector<size_share>;

struct target_options {
    std::string label;  // in tables; empty: the host and port
    frontend::http::endpoint at{.host = "127.0.0.1", .port = 9000};
    std::optional<frontend::s3::credentials> who;  // nothing: unsigned requests
    std::string region = "us-east-1";
    std::string ca_file;  // https: who may vouch for the server; empty: the system's store
    // How the server's CPU time is known: processes of this machine, or the URL of lode's admin port.
    std::vector<pid_t> server_pids;
    std::string server_metrics;
};

// Objects whose every byte follows from `seed`: data_set.h.
struct data_options {
    std::string bucket = "lode-bench";
    std::string prefix = "data/";
    std::uint64_t objects = 1000;                              // 1 to 2^32
    size_mix sizes{{.size = bytes(std::uint64_t{1} << 20U)}};  // an object's size is one of these
    bytes part_size{};                                         // 0: each object is one PutObject
    std::uint64_t seed = 1;
};

enum class action : std::uint8_t { get, put, mixed };

// What one GET asks for.
enum class reading : std::uint8_t {
    whole,   // the object
    ranges,  // a range of a size from `ranges`, at a random multiple of its size
    parts,   // one of the object's parts, as a range
};

enum class popularity_law : std::uint8_t {
    uniform,
    zipf,   // the k-th object is asked for in proportion to 1 / k^exponent
    epoch,  // each object once per epoch, in an order that is drawn for every epoch
};

enum class arrival_law : std::uint8_t {
    closed,    // each connection asks again when it has its answer
    constant,  // at equal distances, whatever the server does
    poisson,   // at random distances, whatever the server does
};

// Where a run expects its bytes to be; what the answers say must bear it out.
enum class cache_state : std::uint8_t { any, cold, memory, disk, peer };

struct load_options {
    target_options target;
    data_options data;

    action what = action::get;
    double put_share = 0.1;  // of the requests of `mixed`, 0 to 1
    reading read = reading::whole;
    size_mix ranges;

    popularity_law popularity = popularity_law::uniform;
    double zipf_exponent = 0.99;  // above 0, at most 10

    arrival_law arrivals = arrival_law::closed;
    double rate = 0;  // requests a second of all connections, where arrivals are a schedule's

    unsigned in_flight = 16;  // connections of all cores together, 1 to 16,384
    unsigned cores = 1;       // threads of the generator, 1 to 256, at most one per connection

    duration warm_up = std::chrono::seconds(1);
    duration measured = std::chrono::seconds(10);  // at most 24 hours
    std::uint64_t requests = 0;  // 0: no limit but the time; else the run ends after so many
    duration deadline = std::chrono::seconds(30);  // of one request; at most 400 s

    bool verify = false;       // compare every byte that is read
    bool sign_ranges = false;  // Range among the signed headers, as some SDKs do
    cache_state state = cache_state::any;
};

// Why this load cannot be; nothing when it can.
[[nodiscard]] std::optional<std::string> problem_of(const load_options& o);

// "64 KiB objects, 10,000, zipf 0.99": run_result's workload.
[[nodiscard]] std::string describe_workload(const load_options& o);

}  // namespace lode::bench
