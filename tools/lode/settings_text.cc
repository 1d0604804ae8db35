#include "tools/lode/settings_text.h"

#include <string_view>

#include <fmt/format.h>

#include "tools/lode/setting_table.h"

namespace lode::tools {
namespace {

using frontend::settings;
using standing = setting::standing;

constexpr std::size_t line_width = 100;

std::string header_of(const section& of) {
    return of.is_array() ? fmt::format("[[{}]]\n", of.name) : fmt::format("[{}]\n", of.name);
}

// Words in lines that begin with `prefix`.
void append_wrapped(std::string& out, std::string_view prefix, std::string_view text) {
    std::string line(prefix);
    while (!text.empty()) {
        const auto space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
        if (line.size() > prefix.size() && line.size() + 1 + word.size() > line_width) {
            out += line + '\n';
            line = prefix;
        }
        if (line.size() > prefix.size()) line += ' ';
        line += word;
    }
    out += line + '\n';
}

std::string values_sentence(const setting& of) {
    std::string text = "It takes " + describe_values(of.rule);
    switch (of.now) {
        case standing::used: break;
        case standing::required: text += "; it must be set"; break;
        case standing::unavailable:
            text += "; only its default is available in this version";
            break;
    }
    return text + ".";
}

}  // namespace

std::string print_manual() {
    const settings values = every_default();
    std::string out;
    for (const section& s : all_sections()) {
        if (!out.empty()) out += '\n';
        out += header_of(s);
        append_wrapped(out, "  ", s.sentence);
        for (const setting& of : settings_of(s.name)) {
            out += fmt::format("\n  {}", of.key);
            out += of.now == standing::required
                       ? "\n"
                       : fmt::format(" (default {})\n", print_value(of, values));
            append_wrapped(out, "      ", of.sentence);
            append_wrapped(out, "      ", values_sentence(of));
        }
    }
    return out;
}

std::string print_example() {
    const settings values = every_default();
    std::string out =
        "# The configuration of lode. Every setting stands here with its default, except\n"
        "# origin.gateway and the sections in two brackets, which only you can know. Written by "
        "`lode\n"
        "# example-config`.\n";
    for (const section& s : all_sections()) {
        out += '\n';
        append_wrapped(out, "# ", s.sentence);
        out += header_of(s);
        bool first = true;
        for (const setting& of : settings_of(s.name)) {
            if (!first) out += '\n';
            first = false;
            append_wrapped(out, "# ", of.sentence);
            append_wrapped(out, "# ", values_sentence(of));
            out +=
                fmt::format("{} = {}\n", of.key,
                            of.sample.empty() ? print_value(of, values) : std::string(of.sample));
        }
    }
    return out;
}

std::string print_configuration(const settings& s) {
    std::string out;
    for (const section& of : all_sections()) {
        const std::size_t times = of.is_array() ? of.tables->count(s) : 1;
        for (std::size_t row = 0; row < times; ++row) {
            if (!out.empty()) out += '\n';
            out += header_of(of);
            for (const setting& each : settings_of(of.name)) {
                out += fmt::format("{} = {}\n", each.key, print_value(each, s, row));
            }
        }
    }
    return out;
}

std::vector<std::string> describe_unused(const settings& s) {
    std::vector<std::string> out;
    if (s.cluster.membership != frontend::membership_kind::none) return out;
    for (const setting& of : all_settings()) {
        const bool for_others =
            of.section == cluster_section || (of.section == "listen" && of.key == "peer");
        if (!for_others || print_value(of, s) == print_value(of, settings{})) continue;
        out.push_back(
            fmt::format("{}.{} is set, but has no effect while cluster.membership is \"none\".",
                        of.section, of.key));
    }
    return out;
}

}  // namespace lode::tools
