#include "tools/lode/configuration.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/access/toml.h"
#include "tools/lode/cluster_rules.h"
#include "tools/lode/configuration_rules.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/near_miss.h"
#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"
#include "tools/lode/small_file.h"

namespace lode::tools {
namespace {

using frontend::settings;

constexpr std::size_t shown_max = 40;
constexpr std::size_t sentence_max = 200;

std::uint32_t line_of(const toml::source_region& at) { return at.begin.line; }

// At most `most` bytes of a text, and no half of a character.
std::string shortened(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text.resize(end);
    return text + "...";
}

// What a person typed, short enough for a sentence. A password within a URL is not repeated.
std::string show_text(std::string_view text) {
    return in_quotes(shortened(without_user(text), shown_max));
}

std::string show(const toml::node& node) {
    if (const auto* text = node.as_string()) return show_text(text->get());
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    if (node.is_array()) return "a list";
    return node.is_table() ? "a section" : "a date or a time";
}

std::string dotted(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

// A key as it may stand in a sentence: someone may have quoted anything.
std::string show_key(std::string_view key) {
    const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return bare && key.size() <= shown_max ? std::string(key) : show_text(key);
}

std::vector<std::string_view> keys_of(std::string_view section) {
    std::vector<std::string_view> keys;
    for (const setting& s : settings_of(section)) keys.push_back(s.key);
    return keys;
}

const section* section_called(std::string_view name) {
    const auto found = std::ranges::find(all_sections(), name, &section::name);
    return found == all_sections().end() ? nullptr : &*found;
}

// The section that may stand several times within this one.
const section* rows_below(std::string_view name) {
    const auto found = std::ranges::find_if(all_sections(), [&](const section& s) {
        return s.is_array() && s.name.starts_with(fmt::format("{}.", name));
    });
    return found == all_sections().end() ? nullptr : &*found;
}

class reader {
  public:
    void read(const toml::table& root);
    void read_node_list(const toml::table& root);
    configuration finish();

  private:
    // A value that was given, so that a conflict or a missing key can name its line.
    struct given {
        std::string key;
        std::size_t row;
        std::uint32_t line;
    };

    void read_section(const section& of, const toml::node& node, std::uint32_t line);
    void read_rows(const section& of, const toml::node& node, std::uint32_t line);
    void read_key(std::string_view section, const toml::key& key, const toml::node& node,
                  std::size_t row);
    void read_value(const setting& of, const toml::node& node, std::size_t row);

    void store(const setting& of, const text_list_rule& rule, const toml::node& node,
               std::size_t row);
    void store(const setting& of, const text_rule& rule, const toml::node& node, std::size_t row);
    void store(const setting& of, const count_rule& rule, const toml::node& node, std::size_t row);
    void store(const setting& of, const size_rule& rule, const toml::node& node, std::size_t row);
    void store(const setting& of, const duration_rule& rule, const toml::node& node,
               std::size_t row);
    void store(const setting& of, const word_rule& rule, const toml::node& node, std::size_t row);

    void refuse_unknown_section(std::string_view name, const toml::node& node, std::uint32_t line);
    void refuse_unknown_key(std::string_view section, std::string_view key, std::uint32_t line);
    void refuse(std::uint32_t line, std::string key, std::string text);
    void refuse_value(const setting& of, const toml::node& node, std::string_view expected);

    void check_required(std::string_view section, std::size_t row, std::uint32_t line);
    void check_together();
    void refuse_conflicts(std::vector<conflict> conflicts);
    void check_available();

    [[nodiscard]] std::uint32_t line_of_key(std::string_view key, std::size_t row) const;
    [[nodiscard]] bool refused(std::string_view key) const;

    settings settings_;
    std::vector<given> given_;
    std::vector<problem> problems_;
};

void reader::read(const toml::table& root) {
    for (const auto& [key, node] : root) {
        const std::uint32_t line = line_of(key.source());
        const section* known = section_called(key.str());
        // A section in two brackets stands below another: its name has a dot, and here it was quoted.
        if (known == nullptr || known->is_array()) {
            refuse_unknown_section(key.str(), node, line);
        } else {
            read_section(*known, node, line);
        }
    }
    check_required("origin", 0, 0);
    check_together();
    check_available();
}

void reader::read_node_list(const toml::table& root) {
    const section& rows = *section_called(node_section);
    for (const auto& [key, node] : root) {
        const auto* cluster = key.str() == cluster_section ? node.as_table() : nullptr;
        if (cluster == nullptr) {
            refuse(line_of(key.source()), show_key(key.str()),
                   "there is no such section here, expected [[cluster.node]]");
            continue;
        }
        for (const auto& [below, value] : *cluster) {
            const std::uint32_t line = line_of(below.source());
            if (dotted(cluster_section, below.str()) == node_section) {
                read_rows(rows, value, line);
            } else {
                refuse(line, dotted(cluster_section, show_key(below.str())),
                       "there is no such setting here, expected [[cluster.node]]");
            }
        }
    }
    if (problems_.empty() && settings_.cluster.nodes.empty()) {
        refuse(0, std::string(node_section), "expected at least one node, got none");
    }
    std::vector<conflict> found;
    check_nodes(settings_.cluster.nodes, found);
    refuse_conflicts(std::move(found));
}

void reader::read_section(const section& of, const toml::node& node, std::uint32_t line) {
    const auto* table = node.as_table();
    if (table == nullptr) {
        const section* below = rows_below(of.name);
        refuse(
            line, std::string(of.name),
            below != nullptr
                ? fmt::format("expected [{}] or [[{}]], got {}", of.name, below->name, show(node))
                : fmt::format("expected a section [{}], got {}", of.name,
                              node.is_array_of_tables() ? "one in two brackets" : show(node)));
        return;
    }
    for (const auto& [key, below] : *table) {
        const section* rows = section_called(dotted(of.name, key.str()));
        if (rows != nullptr) {
            read_rows(*rows, below, line_of(key.source()));
        } else {
            read_key(of.name, key, below, 0);
        }
    }
}

void reader::read_rows(const section& of, const toml::node& node, std::uint32_t line) {
    const std::string name(of.name);
    const auto* tables = node.as_array();
    if (tables == nullptr) {
        refuse(line, name,
               node.is_table() ? fmt::format("expected two brackets, [[{}]], got one", name)
                               : fmt::format("expected [[{}]], got {}", name, show(node)));
        return;
    }
    if (tables->size() > of.tables->most) {
        refuse(line, name,
               fmt::format("expected at most {} {}, got {}", of.tables->most, of.tables->plural,
                           tables->size()));
        return;
    }
    for (const toml::node& element : *tables) {
        const std::uint32_t element_line = line_of(element.source());
        const auto* table = element.as_table();
        if (table == nullptr) {
            refuse(element_line, name,
                   fmt::format("expected {}, got {}", of.tables->each, show(element)));
            continue;
        }
        of.tables->add(settings_);
        const std::size_t row = of.tables->count(settings_) - 1;
        for (const auto& [key, value] : *table) read_key(of.name, key, value, row);
        check_required(of.name, row, element_line);
    }
}

void reader::read_key(std::string_view section, const toml::key& key, const toml::node& node,
                      std::size_t row) {
    const std::uint32_t line = line_of(key.source());
    const auto known = settings_of(section);
    const auto found = std::ranges::find(known, key.str(), &setting::key);
    if (found == known.end()) {
        refuse_unknown_key(section, key.str(), line);
        return;
    }
    given_.push_back({.key = dotted(section, key.str()), .row = row, .line = line});
    read_value(*found, node, row);
}

void reader::read_value(const setting& of, const toml::node& node, std::size_t row) {
    std::visit([&](const auto& rule) { store(of, rule, node, row); }, of.rule);
}

void reader::store(const setting& of, const text_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* text = node.as_string();
    if (text == nullptr || !rule.allows(text->get())) {
        refuse_value(of, node, rule.expected);
        return;
    }
    rule.at(settings_, row) = text->get();
}

void reader::store(const setting& of, const text_list_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* list = node.as_array();
    if (list == nullptr || list->size() > rule.most) {
        const std::string expected =
            fmt::format("a list of at most {}, each {}", rule.most, rule.expected);
        refuse_value(of, node, expected);
        return;
    }
    std::vector<std::string> texts;
    for (const toml::node& element : *list) {
        const auto* text = element.as_string();
        if (text == nullptr || !rule.allows(text->get())) {
            refuse_value(of, element, rule.expected);
        } else {
            texts.push_back(text->get());
        }
    }
    rule.at(settings_, row) = std::move(texts);
}

void reader::store(const setting& of, const count_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < rule.least || number->get() > rule.most) {
        refuse_value(of, node, describe_values(rule));
        return;
    }
    rule.at(settings_, row) = static_cast<std::uint32_t>(number->get());
}

// A value to show people who wrote none that can be read.
std::string sample_of(const setting& of) {
    return of.sample.empty() ? print_value(of, every_default()) : std::string(of.sample);
}

void reader::store(const setting& of, const size_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* text = node.as_string();
    const auto size = text == nullptr ? std::nullopt : parse_size(text->get());
    if (!size) {
        refuse_value(of, node, "a size such as " + sample_of(of));
        return;
    }
    const bool allowed_zero = rule.none == size_rule::zero::allowed && *size == bytes(0);
    if (!allowed_zero && (*size < rule.least || *size > rule.most)) {
        refuse_value(of, node, describe_values(rule));
        return;
    }
    rule.at(settings_, row) = *size;
}

void reader::store(const setting& of, const duration_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* text = node.as_string();
    const auto time = text == nullptr ? std::nullopt : parse_duration(text->get());
    if (!time) {
        refuse_value(of, node, "a duration such as " + sample_of(of));
        return;
    }
    if (*time < rule.least || *time > rule.most) {
        refuse_value(of, node, describe_values(rule));
        return;
    }
    rule.at(settings_, row) = *time;
}

void reader::store(const setting& of, const word_rule& rule, const toml::node& node,
                   std::size_t row) {
    const auto* text = node.as_string();
    const auto word =
        text == nullptr ? rule.words.end() : std::ranges::find(rule.words, text->get());
    if (word == rule.words.end()) {
        refuse_value(of, node, describe_words(rule));
        return;
    }
    rule.set(settings_, row, static_cast<std::size_t>(word - rule.words.begin()));
}

void reader::refuse_unknown_section(std::string_view name, const toml::node& node,
                                    std::uint32_t line) {
    if (!node.is_table() && !node.is_array_of_tables()) {
        for (const setting& s : all_settings()) {
            if (s.key != name) continue;
            refuse(line, show_key(name),
                   fmt::format("expected this setting in its section, [{}]", s.section));
            return;
        }
    }
    if (section_called(name) != nullptr) {
        refuse(line, show_key(name), fmt::format("expected [[{}]], without quotes", name));
        return;
    }
    std::vector<std::string_view> names;
    for (const section& s : all_sections()) names.push_back(s.name);
    const auto meant = near_miss(name, names);
    refuse(line, show_key(name),
           meant ? fmt::format("there is no such section, did you mean \"{}\"?", *meant)
                 : "there is no such section");
}

void reader::refuse_unknown_key(std::string_view section, std::string_view key,
                                std::uint32_t line) {
    const auto known = keys_of(section);
    std::string text =
        fmt::format("there is no such setting, expected one of {}", fmt::join(known, ", "));
    if (const auto meant = near_miss(key, known)) {
        text = fmt::format("there is no such setting, did you mean \"{}\"?", *meant);
    } else if (const auto elsewhere = std::ranges::find(all_settings(), key, &setting::key);
               elsewhere != all_settings().end()) {
        text = fmt::format("there is no such setting, did you mean the one in [{}]?",
                           elsewhere->section);
    }
    refuse(line, dotted(section, show_key(key)), std::move(text));
}

void reader::refuse(std::uint32_t line, std::string key, std::string text) {
    problems_.push_back({.line = line, .key = std::move(key), .text = std::move(text)});
}

void reader::refuse_value(const setting& of, const toml::node& node, std::string_view expected) {
    refuse(line_of(node.source()), dotted(of.section, of.key),
           fmt::format("expected {}, got {}", expected, show(node)));
}

void reader::check_required(std::string_view section, std::size_t row, std::uint32_t line) {
    for (const setting& s : settings_of(section)) {
        if (s.now != setting::standing::required) continue;
        const std::string key = dotted(section, s.key);
        if (line_of_key(key, row) != 0) continue;
        refuse(line, key, fmt::format("expected a value such as {}, it is not set", sample_of(s)));
    }
}

void reader::check_together() { refuse_conflicts(find_conflicts(settings_)); }

// A conflict with a value that was refused itself is no news.
void reader::refuse_conflicts(std::vector<conflict> conflicts) {
    std::vector<problem> found;
    for (conflict& c : conflicts) {
        if (refused(c.key) || refused(c.other)) continue;
        const std::uint32_t line = line_of_key(c.key, c.row);
        // The one to blame may stand at its default; then the other was written.
        found.push_back({.line = line != 0 ? line : line_of_key(c.other, c.row),
                         .key = std::string(c.key),
                         .text = std::move(c.text)});
    }
    std::ranges::move(found, std::back_inserter(problems_));
}

void reader::check_available() {
    for (const setting& s : all_settings()) {
        const std::string key = dotted(s.section, s.key);
        if (refused(key)) continue;
        const auto* words = std::get_if<word_rule>(&s.rule);
        const bool some_unbuilt = words != nullptr && words->working < words->words.size();
        if (some_unbuilt && words->get(settings_, 0) >= words->working) {
            refuse(line_of_key(key, 0), key,
                   fmt::format("expected {}, got {}, which is not available in this version",
                               describe_words(*words), print_value(s, settings_)));
        }
        if (s.now == setting::standing::unavailable &&
            print_value(s, settings_) != print_value(s, settings{})) {
            refuse(line_of_key(key, 0), key,
                   fmt::format("expected {}, anything else is not available in this version",
                               print_value(s, settings{})));
        }
    }
}

std::uint32_t reader::line_of_key(std::string_view key, std::size_t row) const {
    for (const given& g : given_) {
        if (g.key == key && g.row == row) return g.line;
    }
    return 0;
}

bool reader::refused(std::string_view key) const {
    return std::ranges::find(problems_, key, &problem::key) != problems_.end();
}

configuration reader::finish() {
    std::ranges::sort(problems_, std::less<>(),
                      [](const problem& p) { return std::tie(p.line, p.key, p.text); });
    return {.settings = std::move(settings_), .problems = std::move(problems_)};
}

configuration refused_whole(std::uint32_t line, std::string text) {
    return {.settings = {}, .problems = {{.line = line, .key = {}, .text = std::move(text)}}};
}

// The parser's sentence may repeat a part of the file as it is.
configuration refused_syntax(const toml::parse_error& error) {
    std::string sentence(error.description());
    std::ranges::replace_if(
        sentence, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return refused_whole(line_of(error.source()),
                         "expected TOML: " + shortened(std::move(sentence), sentence_max));
}

configuration refused_length(std::size_t most) {
    return refused_whole(0, fmt::format("expected at most {}, got more", print_size(bytes(most))));
}

using reading = void (reader::*)(const toml::table& root);

configuration parse_within(std::string_view toml, std::size_t most, reading how) {
    if (toml.size() > most) return refused_length(most);
    if (const auto line = frontend::access::line_with_too_many_dots(toml)) {
        return refused_whole(
            *line, fmt::format("expected at most {} dots on a line, got more", dots_on_a_line_max));
    }
    const toml::parse_result parsed = toml::parse(toml);
    if (!parsed) {
        return refused_syntax(parsed.error());
    }
    reader r;
    (r.*how)(parsed.table());
    return r.finish();
}

configuration load_within(const std::string& path, std::size_t most, reading how) {
    const auto text = read_small_file(path, bytes(most));
    if (text) return parse_within(*text, most, how);
    if (text.error().code == errc::too_large) return refused_length(most);
    return refused_whole(0, fmt::format("expected a file that can be read: {}",
                                        std::generic_category().message(text.error().sys)));
}

node_list nodes_of(configuration read) {
    return {.nodes = std::move(read.settings.cluster.nodes), .problems = std::move(read.problems)};
}

}  // namespace

configuration parse_configuration(std::string_view toml) {
    return parse_within(toml, configuration_bytes_max, &reader::read);
}

configuration load_configuration(const std::string& path) {
    return load_within(path, configuration_bytes_max, &reader::read);
}

node_list parse_node_list(std::string_view toml) {
    return nodes_of(parse_within(toml, nodes_file_bytes_max, &reader::read_node_list));
}

node_list load_node_list(const std::string& path) {
    return nodes_of(load_within(path, nodes_file_bytes_max, &reader::read_node_list));
}

std::string print_problems(std::span<const problem> problems, std::string_view file) {
    std::string out;
    for (const problem& p : problems.first(std::min(problems.size(), problems_printed_max))) {
        out += file;
        if (p.line != 0) out += fmt::format(":{}", p.line);
        out += p.key.empty() ? ": " + p.text : fmt::format(": {}: {}", p.key, p.text);
        out += '\n';
    }
    if (problems.size() > problems_printed_max) {
        out += fmt::format("{}: and {} more\n", file, problems.size() - problems_printed_max);
    }
    return out;
}

}  // namespace lode::tools
