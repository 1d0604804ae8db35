// tools/lode/configuration.h
//
// Reads the configuration file into frontend::settings, or says what is wrong with it: every
// mistake at once, each in one sentence with its line, its key and what was expected.
//
//   /etc/lode.toml:12: cache.device.size: expected a size such as "1TiB", got "lots"
//
//   Errors   A problem per mistake. What follows a mistake in the TOML itself is not read.
//   Limits   A file of 64 KiB (of a list of nodes: 4 MiB), 256 dots on a line, 8 levels of nested values; 20 problems printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/access/toml_limits.h"
#include "frontend/settings.h"

namespace lode::tools {

inline constexpr std::size_t configuration_bytes_max = std::size_t{64} << 10U;
inline constexpr std::size_t nodes_file_bytes_max = std::size_t{4} << 20U;
using frontend::access::dots_on_a_line_max;
inline constexpr std::size_t problems_printed_max = 20;

struct problem {
    std::uint32_t line = 0;  // 0: of the file as a whole
    std::string key;         // "cache.device.size"; empty when the line is no setting
    std::string text;
};

struct configuration {
    frontend::settings settings;
    std::vector<problem> problems;  // by line; when there is any, the settings mean nothing
};

[[nodiscard]] configuration parse_configuration(std::string_view toml);

// Blocks.
[[nodiscard]] configuration load_configuration(const std::string& path);

struct node_list {
    std::vector<frontend::cluster_node_settings> nodes;
    std::vector<problem> problems;  // as above
};

// What cluster.nodes_file names: [[cluster.node]], and nothing else.
[[nodiscard]] node_list parse_node_list(std::string_view toml);

// Blocks.
[[nodiscard]] node_list load_node_list(const std::string& path);

// A line per problem, and one for those left out.
[[nodiscard]] std::string print_problems(std::span<const problem> problems, std::string_view file);

}  // namespace lode::tools
