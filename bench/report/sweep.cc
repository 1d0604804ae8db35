#include "bench/report/sweep.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "tools/lode/configuration.h"
#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"
#include "tools/lode/settings_text.h"

namespace lode::bench {
namespace {

using frontend::settings;
using tools::setting;

const setting* find_setting(std::string_view key) {
    const auto named = [&](const setting& s) {
        return fmt::format("{}.{}", s.section, s.key) == key;
    };
    const auto found = std::ranges::find_if(tools::all_settings(), named);
    return found == tools::all_settings().end() ? nullptr : &*found;
}

const tools::section& section_of(const setting& s) {
    return *std::ranges::find(tools::all_sections(), s.section, &tools::section::name);
}

// Puts a value in its place if it can be read at all; whether it is allowed is looked at afterwards, all
// together.
class placing {
  public:
    placing(settings& into, std::size_t row, std::string_view value)
        : into_(into), row_(row), value_(value) {}

    bool operator()(const tools::text_rule& rule) const {
        rule.at(into_, row_) = value_;
        return rule.allows(value_);
    }
    bool operator()(const tools::text_list_rule& /*rule*/) const { return false; }
    bool operator()(const tools::count_rule& rule) const {
        std::uint32_t count = 0;
        const auto [end, problem] =
            std::from_chars(value_.data(), value_.data() + value_.size(), count);
        rule.at(into_, row_) = count;
        return problem == std::errc() && end == value_.data() + value_.size();
    }
    bool operator()(const tools::size_rule& rule) const {
        const auto size = tools::parse_size(value_);
        if (size) rule.at(into_, row_) = *size;
        return size.has_value();
    }
    bool operator()(const tools::duration_rule& rule) const {
        const auto time = tools::parse_duration(value_);
        if (time) rule.at(into_, row_) = *time;
        return time.has_value();
    }
    bool operator()(const tools::word_rule& rule) const {
        const auto working = rule.words.first(rule.working);
        const auto found = std::ranges::find(working, value_);
        if (found == working.end()) return false;
        rule.set(into_, row_, static_cast<std::size_t>(found - working.begin()));
        return true;
    }

  private:
    settings& into_;
    std::size_t row_;
    std::string_view value_;
};

std::expected<void, std::string> place_value(settings& into, const chosen_value& chosen) {
    const setting* s = find_setting(chosen.key);
    if (s == nullptr) {
        return std::unexpected(
            fmt::format("lode has no setting {}; `lode help-config` lists them.", chosen.key));
    }
    const tools::section& section = section_of(*s);
    const std::size_t rows = section.is_array() ? section.tables->count(into) : 1;
    if (rows == 0) {
        return std::unexpected(fmt::format("{}: the configuration has no [[{}]] to set it in.",
                                           chosen.key, section.name));
    }
    for (std::size_t row = 0; row < rows; ++row) {
        if (!std::visit(placing(into, row, chosen.value), s->rule)) {
            return std::unexpected(fmt::format("{}: expected {}, got {}.", chosen.key,
                                               tools::describe_values(s->rule), chosen.value));
        }
    }
    return {};
}

}  // namespace

std::expected<swept_setting, std::string> parse_sweep(std::string_view text) {
    const auto sign = text.find('=');
    const auto refuse = [&] {
        return std::unexpected(
            fmt::format("expected KEY=VALUE,VALUE such as node.cores=1,2, got {}.", text));
    };
    if (sign == std::string_view::npos || sign == 0) return refuse();
    swept_setting out{.key = std::string(text.substr(0, sign)), .values = {}};
    if (find_setting(out.key) == nullptr) {
        return std::unexpected(
            fmt::format("lode has no setting {}; `lode help-config` lists them.", out.key));
    }
    std::string_view rest = text.substr(sign + 1);
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        const std::string_view value = rest.substr(0, comma);
        if (value.empty() || out.values.size() == sweep_values_max) return refuse();
        out.values.emplace_back(value);
        more = comma != std::string_view::npos;
        if (more) rest.remove_prefix(comma + 1);
    }
    return out;
}

std::vector<swept_setting> usual_sweep(unsigned cpus) {
    swept_setting cores{.key = "node.cores", .values = {}};
    for (unsigned n = 1; n < cpus; n *= 2) cores.values.push_back(std::to_string(n));
    cores.values.push_back(std::to_string(std::max(cpus, 1U)));
    return {std::move(cores),
            {"origin.fetch_size", {"4MiB", "8MiB", "16MiB"}},
            {"origin.fetch_parallel", {"2", "4", "8"}},
            {"cache.read_ahead", {"8MiB", "32MiB", "128MiB"}}};
}

std::expected<settings, std::string> with_values(settings base,
                                                 std::span<const chosen_value> values) {
    for (const chosen_value& chosen : values) {
        if (auto placed = place_value(base, chosen); !placed) {
            return std::unexpected(placed.error());
        }
    }
    auto read = tools::parse_configuration(tools::print_configuration(base));
    if (!read.problems.empty()) {
        const tools::problem& first = read.problems.front();
        return std::unexpected(fmt::format("{}: {}", first.key, first.text));
    }
    return std::move(read.settings);
}

std::string value_in(const settings& from, std::string_view key) {
    const setting* s = find_setting(key);
    LODE_ASSERT(s != nullptr);
    const tools::section& section = section_of(*s);
    if (section.is_array() && section.tables->count(from) == 0) return {};
    return tools::print_value(*s, from);
}

std::string lines_to_paste(const settings& from, std::span<const chosen_value> values) {
    std::map<std::string, std::string> sections;
    for (const chosen_value& chosen : values) {
        const setting* s = find_setting(chosen.key);
        LODE_ASSERT(s != nullptr);
        const bool many = section_of(*s).is_array();
        sections[many ? fmt::format("[[{}]]", s->section) : fmt::format("[{}]", s->section)] +=
            fmt::format("{} = {}\n", s->key, value_in(from, chosen.key));
    }
    std::string out;
    for (const auto& [header, lines] : sections) out += fmt::format("{}\n{}", header, lines);
    return out;
}

}  // namespace lode::bench
