// tools/lode/setting_table.h
//
// Every setting of the configuration file, once: its section and key, the values it takes, where
// they go, and a sentence for people. The reader, the manual, the example file and the tests all
// walk this table. Defaults are not repeated here; they are those of frontend/settings.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "frontend/settings.h"

namespace lode::tools {

// Where a value goes. `row` counts the tables of a section that may stand several times, and is zero
// everywhere else.
template <class T>
using place = T& (*)(frontend::settings&, std::size_t row);

struct text_rule {
    place<std::string> at;
    bool (*allows)(std::string_view);
    std::string_view expected;  // "an IP address and a port"
};

struct text_list_rule {
    place<std::vector<std::string>> at;
    bool (*allows)(std::string_view);
    std::string_view expected;  // of each element
    std::size_t most;
};

struct count_rule {
    place<std::uint32_t> at;
    std::uint32_t least;
    std::uint32_t most;
};

struct size_rule {
    place<bytes> at;
    bytes least;
    bytes most;
    enum class zero : std::uint8_t { as_others, allowed } none = zero::as_others;
};

struct duration_rule {
    place<duration> at;
    duration least;
    duration most;
};

// One of a few words. Those after the first `working` are understood but not built yet.
struct word_rule {
    std::span<const std::string_view> words;
    std::size_t working;
    std::size_t (*get)(frontend::settings&, std::size_t row);
    void (*set)(frontend::settings&, std::size_t row, std::size_t word);
};

using value_rule =
    std::variant<text_rule, text_list_rule, count_rule, size_rule, duration_rule, word_rule>;

struct setting {
    std::string_view section;
    std::string_view key;
    value_rule rule;
    std::string_view sentence;
    std::string_view sample = {};  // a value to show, as TOML; empty: the default
    enum class standing : std::uint8_t {
        used,
        required,     // has no default
        unavailable,  // refused in this version unless it is the default
    } now = standing::used;
};

// The tables of a section that may stand several times, as [[name]].
struct rows {
    std::string_view plural;  // "devices"
    std::string_view each;    // what one must say: "a path and a size"
    std::size_t most;
    std::size_t (*count)(const frontend::settings&);
    void (*add)(frontend::settings&);
};

struct section {
    std::string_view name;
    std::string_view sentence;
    const rows* tables = nullptr;  // null: it stands once

    [[nodiscard]] bool is_array() const { return tables != nullptr; }
};

inline constexpr std::string_view device_section = "cache.device";
inline constexpr std::string_view cluster_section = "cluster";
inline constexpr std::string_view node_section = "cluster.node";
inline constexpr std::size_t devices_max = 64;
inline constexpr std::size_t consistency_rules_max = 256;

// In the order of the example file. Settings of one section stand together.
[[nodiscard]] std::span<const section> all_sections();
[[nodiscard]] std::span<const setting> all_settings();
[[nodiscard]] std::span<const setting> settings_of(std::string_view section);

// The setting's value as TOML.
[[nodiscard]] std::string print_value(const setting& of, const frontend::settings& from,
                                      std::size_t row = 0);

// The defaults, with one table in each section that may stand several times, so that its defaults
// have a place.
[[nodiscard]] frontend::settings every_default();

// A TOML string that reads back as `text`.
[[nodiscard]] std::string in_quotes(std::string_view text);

// "a size from 64MiB to 16TiB", for the manual.
[[nodiscard]] std::string describe_values(const value_rule& rule);

// The words that work in this version: "\"gateway\"".
[[nodiscard]] std::string describe_words(const word_rule& rule);

}  // namespace lode::tools
