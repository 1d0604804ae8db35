// tools/lode/warm.h
//
// `lode warm`: lists what is below a prefix and has a running lode bring it in, several objects at the same
// time. The node lists and fetches in its own name; in a cluster each part is fetched by its owner, once.
//
//   Errors   The exit code: 0 everything is there (or asked for), 1 not. The first failures are named.
//   Limits   parallel_max requests at a time: the admin port takes 64 connections, others want some.
#pragma once

#include <cstdint>
#include <string>

namespace lode::tools {

struct warm_request {
    static constexpr std::uint32_t parallel_max = 48;

    std::string prefix;           // "s3://bucket/prefix"
    std::uint32_t parallel = 16;  // objects at the same time
    std::string resume;           // a file; empty: none. Whoever wants one waits
    bool waits = false;           // until everything is there
};

[[nodiscard]] int run_warm(const std::string& admin_url, const warm_request& r);

}  // namespace lode::tools
