#include "engine/base/counters.h"

#include <iterator>

#include <fmt/format.h>

namespace lode {
namespace {

void append_escaped(std::string& out, std::string_view value) {
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

// `extra` is a label of our own that follows the caller's (le="...").
std::string label_block(std::initializer_list<metrics_page::label> labels,
                        std::string_view extra = {}) {
    if (labels.size() == 0 && extra.empty()) return {};
    std::string out = "{";
    for (const auto& [name, value] : labels) {
        if (out.size() > 1) out += ',';
        out += name;
        out += "=\"";
        append_escaped(out, value);
        out += '"';
    }
    if (!extra.empty()) {
        if (out.size() > 1) out += ',';
        out += extra;
    }
    return out += '}';
}

}  // namespace

void metrics_page::begin_family(std::string_view family, std::string_view help,
                                std::string_view type) {
    if (family_ == family) return;
    family_ = family;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", family, help, family,
                   type);
}

void metrics_page::add(kind k, std::string_view family, std::string_view help, std::uint64_t value,
                       std::initializer_list<label> labels) {
    begin_family(family, help, k == kind::counter ? "counter" : "gauge");
    fmt::format_to(std::back_inserter(text_), "{}{} {}\n", family, label_block(labels), value);
}

void metrics_page::add_seconds(std::string_view family, std::string_view help,
                               const histogram& nanoseconds, std::initializer_list<label> labels) {
    begin_family(family, help, "histogram");
    auto out = std::back_inserter(text_);
    for (std::uint64_t bound = std::uint64_t{1} << 16U; bound <= std::uint64_t{1} << 36U;
         bound <<= 1U) {
        const auto le = fmt::format("le=\"{:.9g}\"", static_cast<double>(bound) / 1e9);
        fmt::format_to(out, "{}_bucket{} {}\n", family, label_block(labels, le),
                       nanoseconds.count_at_most(bound - 1));
    }
    fmt::format_to(out, "{}_bucket{} {}\n", family, label_block(labels, "le=\"+Inf\""),
                   nanoseconds.count());
    fmt::format_to(out, "{}_sum{} {:.9g}\n", family, label_block(labels),
                   static_cast<double>(nanoseconds.sum()) / 1e9);
    fmt::format_to(out, "{}_count{} {}\n", family, label_block(labels), nanoseconds.count());
}

}  // namespace lode
