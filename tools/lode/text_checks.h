// tools/lode/text_checks.h
//
// What a text in the configuration may look like, one question each. Answers need nothing but the
// text: whether a file exists or a port is free is the host's business (host_check.h).
#pragma once

#include <string_view>

namespace lode::tools {

// No control characters, at most 4,096 bytes.
[[nodiscard]] bool is_plain_text(std::string_view text);

// Empty, or as is_host_name(): shown in response headers, so nothing there may need quoting.
[[nodiscard]] bool is_node_name(std::string_view text);

// "0.0.0.0:9000", "[::]:9000"; the port from 1 to 65535.
[[nodiscard]] bool is_listen_address(std::string_view text);

// As is_listen_address(), but not every address of a host.
[[nodiscard]] bool is_reachable_address(std::string_view text);
[[nodiscard]] bool is_no_or_reachable_address(std::string_view text);

// A host's name or address and a port from 1 to 65535.
[[nodiscard]] bool is_host_and_port(std::string_view text);
[[nodiscard]] bool is_no_or_host_and_port(std::string_view text);

// Printable, without blanks; begins with a slash and does not end with one; at most 255 bytes.
[[nodiscard]] bool is_key_prefix(std::string_view text);

[[nodiscard]] bool is_domain(std::string_view text);
[[nodiscard]] bool is_url(std::string_view text);

// Lower-case letters, digits and '-', at most 64 characters.
[[nodiscard]] bool is_region(std::string_view text);

// Plain, not empty, and without a slash.
[[nodiscard]] bool is_bucket(std::string_view text);

// Plain and not empty.
[[nodiscard]] bool is_path(std::string_view text);

[[nodiscard]] bool is_log_level(std::string_view text);

}  // namespace lode::tools
