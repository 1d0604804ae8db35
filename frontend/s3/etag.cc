#include "frontend/s3/etag.h"

#include <algorithm>

#include <fmt/format.h>

#include "frontend/http/header.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::s3 {
namespace {

// etagc of RFC 9110: visible bytes and obs-text, without the quote.
bool is_tag_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f && c != '"';
}

}  // namespace

std::optional<entity_tag> parse_entity_tag(std::string_view text) {
    entity_tag tag{.opaque = http::trim(text)};
    if (tag.opaque.starts_with("W/\"")) {
        tag.strength = tag_strength::weak;
        tag.opaque.remove_prefix(2);
    }
    if (tag.opaque.starts_with('"')) {
        if (tag.opaque.size() < 2 || !tag.opaque.ends_with('"')) return std::nullopt;
        tag.opaque = tag.opaque.substr(1, tag.opaque.size() - 2);
    }
    if (tag.opaque.empty() || !std::ranges::all_of(tag.opaque, is_tag_byte)) return std::nullopt;
    return tag;
}

bool equal_strong(entity_tag a, entity_tag b) {
    return a.strength == tag_strength::strong && b.strength == tag_strength::strong &&
           a.opaque == b.opaque;
}

bool equal_weak(entity_tag a, entity_tag b) { return a.opaque == b.opaque; }

std::string_view unquoted(std::string_view etag) {
    const auto tag = parse_entity_tag(etag);
    return tag ? tag->opaque : etag;
}

std::string quoted(std::string_view etag) {
    if (etag.starts_with('"') || etag.starts_with("W/\"")) return std::string(etag);
    return fmt::format("\"{}\"", etag);
}

std::optional<std::uint32_t> part_count_of(std::string_view etag) {
    constexpr std::size_t md5_digits = 32;
    const auto tag = unquoted(etag);
    if (tag.size() < md5_digits + 2 || tag[md5_digits] != '-') return std::nullopt;
    const auto is_hex = [](char c) { return hex_digit(c).has_value(); };
    if (!std::ranges::all_of(tag.substr(0, md5_digits), is_hex)) return std::nullopt;

    const auto digits = tag.substr(md5_digits + 1);
    if (digits.size() > 5 || digits.starts_with('0')) return std::nullopt;
    std::uint32_t count = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        count = count * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (count > part_count_max) return std::nullopt;
    return count;
}

std::optional<entity_tag> entity_tag_list::next() {
    while (!rest_.empty()) {
        const bool weak = rest_.starts_with("W/\"");
        std::size_t end = 0;
        if (weak || rest_.starts_with('"')) {
            const auto closing = rest_.find('"', weak ? 3 : 1);
            end = closing == std::string_view::npos ? rest_.size() : closing + 1;
        }
        end = std::min(rest_.find(',', end), rest_.size());
        const auto member = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        rest_ = http::trim(rest_);
        if (const auto tag = parse_entity_tag(member)) return tag;
    }
    return std::nullopt;
}

}  // namespace lode::frontend::s3
