// tools/lode/commands.h
//
// What each command of `lode` does, once its arguments are read. Answers go to standard output,
// complaints to standard error.
//
//   Errors   The exit code: 0 done, 1 not.
#pragma once

#include <cstdint>
#include <string>

namespace lode::tools {

[[nodiscard]] int run_serve(const std::string& configuration_path);
[[nodiscard]] int run_check(const std::string& configuration_path);
[[nodiscard]] int run_status(const std::string& admin_url);

enum class purged : std::uint8_t { nothing, memory };
[[nodiscard]] int run_purge(const std::string& admin_url, purged what);

// Takes a device of a running lode out of service, or back.
enum class service : std::uint8_t { out, in };
[[nodiscard]] int run_device(const std::string& admin_url, const std::string& path, service wanted);

[[nodiscard]] int run_help_config();
[[nodiscard]] int run_example_config();

}  // namespace lode::tools
