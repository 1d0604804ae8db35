// bench/commands/commands.h
//
// The commands of lode-bench, one .cc each. add_...() declares a command with its options; what it returns
// runs the command after its options were read.
//
//   Errors   The exit code: 0 done; 1 not, or what was seen is not what was expected.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace lode::bench {

struct command {
    CLI::App* app = nullptr;
    std::function<int()> run;
};

[[nodiscard]] command add_prepare(CLI::App& app);
[[nodiscard]] command add_get(CLI::App& app);
[[nodiscard]] command add_put(CLI::App& app);
[[nodiscard]] command add_mixed(CLI::App& app);
[[nodiscard]] command add_overload(CLI::App& app);
[[nodiscard]] command add_compare(CLI::App& app);
[[nodiscard]] command add_tune(CLI::App& app);
[[nodiscard]] command add_show(CLI::App& app);

}  // namespace lode::bench
