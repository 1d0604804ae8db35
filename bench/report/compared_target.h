// bench/report/compared_target.h
//
// An endpoint of `compare` as it stands on a command line: NAME=URL, and what else must be known of it.
//
//   lode=http://127.0.0.1:9000,pid=4711      pid: of the server's processes, for its CPU time; with + between
//   wall=http://10.0.0.7:8080,auth=anonymous auth: anonymous, environment, or a shared-credentials file
//   n1=http://n1:9000,metrics=http://n1:9002 metrics: the admin port, for the CPU time of a server elsewhere
//
//   Errors   One sentence that names the endpoint.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace lode::bench {

inline constexpr std::size_t target_pids_max = 64;

struct compared_target {
    std::string label;
    std::string url;
    std::vector<pid_t> pids;
    std::string metrics;
    std::string region;  // empty: as the others
    enum class identity : std::uint8_t {
        as_others,
        anonymous,
        environment,
        file
    } who = identity::as_others;
    std::string credentials;  // with identity::file

    friend bool operator==(const compared_target&, const compared_target&) = default;
};

// Where no name is given, the URL's host and port.
[[nodiscard]] std::expected<compared_target, std::string> parse_target(std::string_view text);

// Whose turn is when: forward in odd rounds, backward in even ones, so that each endpoint follows each
// neighbour as often as it precedes it.
[[nodiscard]] std::vector<std::size_t> turns_of_round(std::size_t endpoints, std::uint32_t round);

}  // namespace lode::bench
