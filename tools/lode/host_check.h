// tools/lode/host_check.h
//
// What this host forbids that lode wants, in plain words: one finding per question, each with its
// remedy. `lode check` prints them all; `lode serve` those that are not fine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frontend/settings.h"
#include "tools/lode/credentials.h"
#include "tools/lode/host_view.h"

namespace lode::tools {

enum class severity : std::uint8_t { fine, warning, fatal };

struct finding {
    severity how = severity::fine;
    std::string sentence;
    std::string remedy;  // a sentence; empty when all is fine
};

[[nodiscard]] inline finding fine(std::string sentence) {
    return {severity::fine, std::move(sentence), {}};
}

[[nodiscard]] inline finding fatal(std::string sentence, std::string remedy) {
    return {severity::fatal, std::move(sentence), std::move(remedy)};
}

// One question each.
[[nodiscard]] finding check_ring(host_view& host);
[[nodiscard]] finding check_locked_memory(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_descriptors(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_memory(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_cores(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_clock(host_view& host);
[[nodiscard]] finding check_device(const frontend::device_settings& device, host_view& host);
[[nodiscard]] finding check_listener(const std::string& key, const std::string& address,
                                     host_view& host);
[[nodiscard]] finding check_origin(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_ca_file(const std::string& key, const std::string& path,
                                    host_view& host);
[[nodiscard]] finding check_identity(const frontend::settings& s, const environment& env,
                                     host_view& host);
// The file that auth.keys names.
[[nodiscard]] finding check_keys(const frontend::settings& s, host_view& host);
// What auth.mode = "trust" means.
[[nodiscard]] finding check_trust(const frontend::settings& s);
[[nodiscard]] finding check_access_log(const std::string& path, host_view& host);

// At a start nobody waits for an origin that may come later.
enum class origin_probe : std::uint8_t { connect, skip };

[[nodiscard]] std::vector<finding> check_host(const frontend::settings& s, const environment& env,
                                              host_view& host, origin_probe origin);

// How many descriptors clients, the origin's connections and lode itself may need at once.
[[nodiscard]] std::uint64_t descriptors_needed(const frontend::settings& s, host_view& host);

// Raises the soft limit to what is needed, or as far as the host allows.
void raise_descriptor_limit(const frontend::settings& s, host_view& host);

[[nodiscard]] severity worst_of(std::span<const finding> findings);

// " ok    The kernel ...", with each remedy on a line of its own.
[[nodiscard]] std::string print_finding(const finding& f);

}  // namespace lode::tools
