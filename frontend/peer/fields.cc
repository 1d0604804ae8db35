#include "frontend/peer/fields.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/base/assert.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::peer {
namespace {

constexpr std::size_t hex64_digits = 16;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_hex64(std::string& out, std::uint64_t value) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (unsigned shift = 64; shift > 0; shift -= 4) out += digits[value >> (shift - 4U) & 15U];
}

// Exactly sixteen digits in lower case, so that one number has one spelling.
std::optional<std::uint64_t> parse_hex64(std::string_view text) {
    if (text.size() != hex64_digits) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const auto digit = s3::hex_digit(c);
        if (!digit || (c >= 'A' && c <= 'F')) return std::nullopt;
        value = value << 4U | *digit;
    }
    return value;
}

}  // namespace

field_writer& field_writer::add(std::string_view name, std::string_view value) {
    begin(name);
    s3::percent_encode(value, s3::slash::encode, out_);
    return *this;
}

field_writer& field_writer::add(std::string_view name, std::uint64_t value) {
    begin(name);
    out_ += std::to_string(value);
    return *this;
}

field_writer& field_writer::add_some(std::string_view name, std::string_view value) {
    return value.empty() ? *this : add(name, value);
}

field_writer& field_writer::add_hex(std::string_view name, std::uint64_t value) {
    begin(name);
    append_hex64(out_, value);
    return *this;
}

field_writer& field_writer::add_hex(std::string_view name, hash128 value) {
    begin(name);
    append_hex64(out_, value.high);
    append_hex64(out_, value.low);
    return *this;
}

void field_writer::begin(std::string_view name) {
    if (!first_) out_ += '&';
    first_ = false;
    out_.append(name).append("=");
}

field_reader::field_reader(std::string_view text, std::span<const std::string_view> known) {
    LODE_ASSERT(known.size() <= fields_max);
    for (;;) {
        const auto end = std::min(text.find('&'), text.size());
        take(text.substr(0, end), known);
        if (!good() || end == text.size()) return;
        text.remove_prefix(end + 1);
    }
}

void field_reader::take(std::string_view pair, std::span<const std::string_view> known) {
    const auto equals = pair.find('=');
    const field f{.name = pair.substr(0, equals),
                  .value = equals == std::string_view::npos ? "" : pair.substr(equals + 1)};
    const auto named = std::ranges::find(known, f.name);
    if (equals == std::string_view::npos || named == known.end()) {
        problem_ = "It holds a field that this protocol does not have.";
    } else if (find(f.name)) {
        refuse(*named, "occurs twice");
    } else {
        fields_[count_++] = {.name = *named, .value = f.value};
    }
}

std::optional<std::string_view> field_reader::find(std::string_view name) const {
    for (const field& f : std::span(fields_).first(count_)) {
        if (f.name == name) return f.value;
    }
    return std::nullopt;
}

bool field_reader::has(std::string_view name) const { return find(name).has_value(); }

std::string field_reader::decoded(std::string_view name, std::size_t most, may_be m) {
    const auto value = find(name);
    std::string text;
    if (!good()) return text;
    if (!value && m == may_be::some) return refuse(name, "is missing"), text;
    if (!value) return text;
    if (value->size() > 3 * most) return refuse(name, "is too long"), text;
    if (!s3::percent_decode(*value, s3::plus_sign::literal, text)) {
        return refuse(name, "has a broken percent-encoding"), std::string();
    }
    // Left out, or something: one way to say nothing.
    if (text.empty()) return refuse(name, "is empty"), text;
    if (text.size() > most) return refuse(name, "is too long"), std::string();
    return text;
}

std::string field_reader::text(std::string_view name, std::size_t most, may_be m) {
    std::string value = decoded(name, most, m);
    if (!std::ranges::any_of(value, is_control)) return value;
    return refuse(name, "holds a control character"), std::string();
}

std::string field_reader::raw_text(std::string_view name, std::size_t most) {
    std::string value = decoded(name, most, may_be::some);
    if (!value.contains('\0')) return value;
    return refuse(name, "holds a control character"), std::string();
}

std::uint64_t field_reader::number(std::string_view name, std::uint64_t most) {
    const auto value = find(name);
    if (!good()) return 0;
    if (!value) return refuse(name, "is missing"), 0;
    const auto read = decimal(*value, most);
    if (!read) return refuse(name, "is no number, or beyond its limit"), 0;
    return *read;
}

std::uint64_t field_reader::hex64(std::string_view name) {
    const auto value = find(name);
    if (!good()) return 0;
    if (!value) return refuse(name, "is missing"), 0;
    const auto read = parse_hex64(*value);
    if (!read) return refuse(name, "is not 16 hexadecimal digits"), 0;
    return *read;
}

hash128 field_reader::hex128(std::string_view name) {
    const auto value = find(name);
    if (!good()) return {};
    if (!value) return refuse(name, "is missing"), hash128();
    const auto high = parse_hex64(value->substr(0, hex64_digits));
    const auto low = parse_hex64(value->substr(std::min(value->size(), hex64_digits)));
    if (!high || !low) return refuse(name, "is not 32 hexadecimal digits"), hash128();
    return {.high = *high, .low = *low};
}

std::size_t field_reader::word(std::string_view name, std::span<const std::string_view> words) {
    const auto value = find(name);
    if (!good()) return 0;
    if (!value) return refuse(name, "is missing"), 0;
    const auto at = std::ranges::find(words, *value);
    if (at == words.end()) return refuse(name, "is none of the words that it may be"), 0;
    return static_cast<std::size_t>(at - words.begin());
}

void field_reader::refuse(std::string_view name, std::string_view what) {
    if (!problem_.empty()) return;
    problem_.append("Its field \"").append(name).append("\" ").append(what).append(".");
}

std::optional<std::uint64_t> decimal(std::string_view text, std::uint64_t most) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    std::uint64_t value = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [stop, wrong] = std::from_chars(begin, end, value);
    if (wrong != std::errc() || stop != end || value > most) return std::nullopt;
    return value;
}

}  // namespace lode::frontend::peer
