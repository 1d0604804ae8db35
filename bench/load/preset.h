// bench/load/preset.h
//
// Loads that others publish figures of, or that training makes, by one word. A preset is options by name and
// value; whoever chooses it may set any of them differently.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/load_options.h"

namespace lode::bench {

struct preset_value {
    std::string_view option;  // of option_table.h
    std::string_view value;
};

struct preset {
    std::string_view name;
    std::string_view meaning;
    std::span<const preset_value> values;
};

[[nodiscard]] std::span<const preset> presets();

// Sets the preset's options. The error is a sentence that names the presets there are.
[[nodiscard]] std::expected<void, std::string> apply_preset(load_options& into,
                                                            std::string_view name);

}  // namespace lode::bench
