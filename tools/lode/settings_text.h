// tools/lode/settings_text.h
//
// The table of settings as text: the manual, the example file, and a configuration written back.
#pragma once

#include <string>
#include <vector>

#include "frontend/settings.h"

namespace lode::tools {

// `lode help-config`.
[[nodiscard]] std::string print_manual();

// `lode example-config`, which is packaging/lode.toml.example: a configuration that can be read,
// with every setting, its sentence and its values.
[[nodiscard]] std::string print_example();

// A configuration that reads back as the same settings.
[[nodiscard]] std::string print_configuration(const frontend::settings& s);

// A sentence for each setting that was given although it has no effect.
[[nodiscard]] std::vector<std::string> describe_unused(const frontend::settings& s);

}  // namespace lode::tools
