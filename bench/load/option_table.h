// bench/load/option_table.h
//
// A load in words: each option of the command line by its name, what it takes and what it means. The command
// line, presets, and whoever compares or sweeps loads set the same options by the same names.
//
//   Errors   One sentence that names the option.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/load_options.h"

namespace lode::bench {

struct option_row {
    std::string_view name;     // "object-size"
    std::string_view takes;    // "SIZE"; empty: a flag, whose value is "true" or "false"
    std::string_view meaning;  // a sentence
    // Whether the value can be meant.
    bool (*set)(load_options& into, std::string_view value);
};

[[nodiscard]] std::span<const option_row> option_table();

[[nodiscard]] std::expected<void, std::string> set_option(load_options& into, std::string_view name,
                                                          std::string_view value);

// "64KiB" or "64KiB:70,1MiB:30": nothing for anything else.
[[nodiscard]] std::optional<size_mix> parse_mix(std::string_view text);

}  // namespace lode::bench
