#include "tools/lode/admin_facts.h"

#include <algorithm>

#include "frontend/s3/percent.h"
#include "tools/lode/number.h"

namespace lode::tools {
namespace {

// The next line, without its end.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

}  // namespace

admin_facts::admin_facts(std::string_view body) {
    while (!body.empty()) {
        const std::string_view line = take_line(body);
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        lines_.emplace_back(line.substr(0, blank), line.substr(blank + 1));
    }
}

std::optional<std::string_view> admin_facts::text(std::string_view name) const {
    const auto found = std::ranges::find(lines_, name, &std::pair<std::string, std::string>::first);
    if (found == lines_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::uint64_t> admin_facts::number(std::string_view name) const {
    return text(name).and_then([](std::string_view t) { return parse_number<std::uint64_t>(t); });
}

std::vector<std::string> admin_facts::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [each, value] : lines_) {
        if (each == name) values.push_back(value);
    }
    return values;
}

std::optional<object_page> parse_object_page(std::string_view body) {
    object_page page;
    while (!body.empty()) {
        const std::string_view line = take_line(body);
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        const std::string_view value = line.substr(blank + 1);
        if (line.substr(0, blank) == "next") {
            page.next = value;
            continue;
        }
        const auto size = parse_number<std::uint64_t>(line.substr(0, blank));
        object_page::entry e{.key = {}, .size = size.value_or(0)};
        const bool read =
            frontend::s3::percent_decode(value, frontend::s3::plus_sign::literal, e.key)
                .has_value();
        if (!size || !read || e.key.empty()) return std::nullopt;
        page.objects.push_back(std::move(e));
    }
    return page;
}

}  // namespace lode::tools
