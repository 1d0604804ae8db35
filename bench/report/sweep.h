// bench/report/sweep.h
//
// Which settings `tune` tries, and a configuration in which one of them is another. Only settings that
// there are (tools/lode/setting_table.h) can be swept, and only to values that lode itself would accept.
//
//   Errors   One sentence that names the setting.
//   Limits   sweep_values_max values of a setting.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/settings.h"

namespace lode::bench {

inline constexpr std::size_t sweep_values_max = 16;

struct swept_setting {
    std::string key;  // "origin.fetch_size"
    std::vector<std::string> values;

    friend bool operator==(const swept_setting&, const swept_setting&) = default;
};

struct chosen_value {
    std::string key;
    std::string value;  // as on the command line: 8MiB
};

// "node.cores=1,2,4".
[[nodiscard]] std::expected<swept_setting, std::string> parse_sweep(std::string_view text);

// What is tried where nobody says what: cores up to those of the machine, how much is asked of the origin at
// once and how often, and how far ahead.
[[nodiscard]] std::vector<swept_setting> usual_sweep(unsigned cpus);

// `base` with these values, each in every table of its section; as whoever serves would read it.
[[nodiscard]] std::expected<frontend::settings, std::string> with_values(
    frontend::settings base, std::span<const chosen_value> values);

// As TOML: "8MiB" in quotes, 4 without. The key must exist.
[[nodiscard]] std::string value_in(const frontend::settings& settings, std::string_view key);

// The lines to put into a configuration, below their sections.
[[nodiscard]] std::string lines_to_paste(const frontend::settings& settings,
                                         std::span<const chosen_value> values);

}  // namespace lode::bench
