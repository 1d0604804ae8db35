// tools/lode/commands.h
//
// What each command of `lode` does, once its arguments are read. Answers go to standard output,
// complaints to standard error.
//
//   Errors   The exit code: 0 done, 1 not.
#pragma once

#include <cstdint>
#include <string>

#include "tools/lode/written_for.h"

namespace lode::tools {

[[nodiscard]] int run_serve(const std::string& configuration_path);
[[nodiscard]] int run_check(const std::string& configuration_path);
[[nodiscard]] int run_status(const std::string& admin_url);

// What is forgotten: the memory tier of one node, or objects on all nodes.
struct purge_request {
    bool memory = false;
    std::string object;      // "s3://bucket/key"; empty: none
    bool recursive = false;  // everything that begins like that
};
[[nodiscard]] int run_purge(const std::string& admin_url, const purge_request& r);

// A node leaves soon, or does not any more.
enum class leaving : std::uint8_t { yes, no };
[[nodiscard]] int run_drain(const std::string& admin_url, leaving wanted);

// Takes a device of a running lode out of service, or back.
enum class service : std::uint8_t { out, in };
[[nodiscard]] int run_device(const std::string& admin_url, const std::string& path, service wanted);

struct locate_request {
    std::string object;      // "s3://bucket/key"
    std::uint32_t wait = 0;  // seconds, as long as the object is being filled
    written_for whom = written_for::people;
};
[[nodiscard]] int run_locate(const std::string& admin_url, const locate_request& r);

[[nodiscard]] int run_help_config();
[[nodiscard]] int run_example_config();

}  // namespace lode::tools
