#include "frontend/s3/range.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include <fmt/format.h>

#include "frontend/http/header.h"

namespace lode::frontend::s3 {
namespace {

struct number {
    std::uint64_t value = 0;
    bool saturated = false;
};

// One or more decimal digits and nothing else.
std::optional<number> parse_number(std::string_view digits);

range_request parse_spec(std::string_view spec);

}  // namespace

range_request parse_range(std::string_view value) {
    value = http::trim(value);
    const auto equals = value.find('=');
    if (equals == std::string_view::npos) return {.form = range_form::malformed};
    if (!http::equal_ignoring_case(value.substr(0, equals), "bytes")) {
        return {.form = range_form::unknown_unit};
    }
    const auto set = value.substr(equals + 1);
    if (set.find(',') != std::string_view::npos) return {.form = range_form::multiple};
    return parse_spec(http::trim(set));
}

resolved_range resolve(const range_request& request, bytes object_size) {
    const std::uint64_t size = object_size.count();
    std::uint64_t first = 0;
    std::uint64_t last = size - 1;
    switch (request.form) {
        case range_form::multiple:
        case range_form::unknown_unit:
        case range_form::malformed: return {.outcome = range_outcome::whole, .range = {}};
        case range_form::suffix_zero: return {.outcome = range_outcome::unsatisfiable, .range = {}};
        case range_form::first_last:
            first = request.first;
            last = std::min(request.last, last);
            break;
        case range_form::from_first: first = request.first; break;
        case range_form::suffix: first = size - std::min(request.suffix_length.count(), size);
    }
    if (first >= size) return {.outcome = range_outcome::unsatisfiable, .range = {}};
    return {.outcome = range_outcome::part,
            .range = {.first = object_offset(first), .last = object_offset(last)}};
}

std::string content_range(byte_range range, bytes object_size) {
    std::string text;
    append_content_range(range, object_size, text);
    return text;
}

void append_content_range(byte_range range, bytes object_size, std::string& out) {
    fmt::format_to(std::back_inserter(out), "bytes {}-{}/{}", range.first.value(),
                   range.last.value(), object_size.count());
}

std::string unsatisfied_content_range(bytes object_size) {
    return fmt::format("bytes */{}", object_size.count());
}

std::string range_header(byte_range range) {
    return fmt::format("bytes={}-{}", range.first.value(), range.last.value());
}

result<parsed_content_range> parse_content_range(std::string_view value) {
    value = http::trim(value);
    constexpr std::string_view unit = "bytes ";
    if (!http::starts_with_ignoring_case(value, unit)) return fail(errc::protocol);
    value.remove_prefix(unit.size());
    const auto slash = value.find('/');
    if (slash == std::string_view::npos) return fail(errc::protocol);
    const auto span = value.substr(0, slash);
    const auto size_text = value.substr(slash + 1);

    parsed_content_range parsed;
    if (size_text != "*") {
        const auto size = parse_number(size_text);
        if (!size || size->saturated) return fail(errc::protocol);
        parsed.object_size = bytes(size->value);
    }
    if (span == "*") {
        if (!parsed.object_size) return fail(errc::protocol);
        return parsed;
    }

    const auto dash = span.find('-');
    if (dash == std::string_view::npos) return fail(errc::protocol);
    const auto first = parse_number(span.substr(0, dash));
    const auto last = parse_number(span.substr(dash + 1));
    if (!first || !last || first->saturated || last->saturated) return fail(errc::protocol);
    if (first->value > last->value) return fail(errc::protocol);
    if (parsed.object_size && last->value >= parsed.object_size->count()) {
        return fail(errc::protocol);
    }
    parsed.range =
        byte_range{.first = object_offset(first->value), .last = object_offset(last->value)};
    return parsed;
}

namespace {

range_request parse_spec(std::string_view spec) {
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return {.form = range_form::malformed};
    const auto before = spec.substr(0, dash);
    const auto after = spec.substr(dash + 1);

    if (before.empty()) {
        const auto length = parse_number(after);
        if (!length) return {.form = range_form::malformed};
        if (length->value == 0) return {.form = range_form::suffix_zero};
        return {.form = range_form::suffix, .suffix_length = bytes(length->value)};
    }
    const auto first = parse_number(before);
    if (!first) return {.form = range_form::malformed};
    if (after.empty()) return {.form = range_form::from_first, .first = first->value};
    const auto last = parse_number(after);
    if (!last || last->value < first->value) return {.form = range_form::malformed};
    return {.form = range_form::first_last, .first = first->value, .last = last->value};
}

std::optional<number> parse_number(std::string_view digits) {
    if (digits.empty()) return std::nullopt;
    constexpr auto highest = std::numeric_limits<std::uint64_t>::max();
    number n;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        n.saturated = n.saturated || n.value > (highest - digit) / 10;
        n.value = n.saturated ? highest : n.value * 10 + digit;
    }
    return n;
}

}  // namespace
}  // namespace lode::frontend::s3
