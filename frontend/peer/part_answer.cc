#include "frontend/peer/part_answer.h"

#include <array>
#include <limits>

#include "frontend/peer/fields.h"
#include "frontend/peer/part_question.h"

namespace lode::frontend::peer {
namespace {

constexpr std::array<std::string_view, 9> answer_fields = {
    "cache", "detail", "part", "load", "spread", "view", "state", "held", "body"};
constexpr std::array<std::string_view, cache_words> words = {
    name_of(cache_word::hit), name_of(cache_word::filling), name_of(cache_word::miss),
    name_of(cache_word::bypass)};
// `none` is left out.
constexpr std::array<std::string_view, 3> details = {
    name_of(cache_detail::memory), name_of(cache_detail::disk), name_of(cache_detail::filling)};
constexpr std::size_t held_max = 43;  // four numbers of 10 digits

std::optional<engine::presence> parse_presence(std::string_view text) {
    std::array<std::uint32_t, 4> counts{};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto dot = i + 1 < counts.size() ? text.find('.') : text.size();
        if (dot == std::string_view::npos) return std::nullopt;
        const auto count = decimal(text.substr(0, dot), std::numeric_limits<std::uint32_t>::max());
        if (!count) return std::nullopt;
        counts[i] = static_cast<std::uint32_t>(*count);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return engine::presence{
        .memory = counts[0], .disk = counts[1], .filling = counts[2], .absent = counts[3]};
}

std::string presence_text(const engine::presence& p) {
    std::string text = std::to_string(p.memory);
    for (const std::uint32_t count : {p.disk, p.filling, p.absent}) {
        text += '.';
        text += std::to_string(count);
    }
    return text;
}

}  // namespace

void write_answer(const part_answer& a, std::string& out) {
    out.clear();
    field_writer fields(out);
    fields.add("cache", name_of(a.word))
        .add_some("detail", name_of(a.detail))
        .add_hex("part", a.part)
        .add("load", a.load.count())
        .add("spread", std::uint64_t{a.spread})
        .add_hex("view", a.view)
        .add("state", name_of(a.state));
    if (a.held) fields.add("held", presence_text(*a.held));
    if (a.body) fields.add("body", s3::view_of(s3::to_hex(*a.body)));
}

std::expected<part_answer, std::string> parse_answer(std::string_view text) {
    field_reader fields(text, answer_fields);
    part_answer a;
    a.word = static_cast<cache_word>(fields.word("cache", words));
    if (fields.has("detail")) {
        a.detail = static_cast<cache_detail>(1 + fields.word("detail", details));
    }
    a.part = fields.hex128("part");
    a.load = bytes(fields.number("load", std::numeric_limits<std::uint64_t>::max()));
    a.spread = static_cast<std::uint32_t>(fields.number("spread", spread_max));
    a.view = fields.hex64("view");
    a.state = static_cast<node_state>(fields.word("state", node_state_names));
    if (fields.good() && a.spread == 0) fields.refuse("spread", "is zero");
    if (fields.good() && fields.has("held")) {
        a.held = parse_presence(fields.text("held", held_max));
        if (!a.held) fields.refuse("held", "is not four counts");
    }
    if (fields.good() && fields.has("body")) {
        a.body = s3::digest_from_hex(fields.text("body", s3::sha256_hex().size()));
        if (!a.body) fields.refuse("body", "is not 64 hexadecimal digits");
    }
    if (!fields.good()) return std::unexpected(fields.problem());
    return a;
}

unsigned status_of(errc why) {
    switch (why) {
        case errc::not_found: return 404;
        case errc::denied: return 403;
        case errc::invalid: return 409;
        case errc::changed: return 412;
        case errc::too_large: return 413;
        case errc::overloaded:
        case errc::no_space:
        case errc::cancelled: return 503;
        case errc::timed_out: return 504;
        case errc::closed:
        case errc::protocol:
        case errc::unavailable: return 502;
        case errc::io:
        case errc::corrupt: return 500;
    }
    return 500;
}

errc meaning_of(unsigned status) {
    switch (status) {
        case 403: return errc::denied;
        case 404: return errc::not_found;
        case 409: return errc::invalid;
        case 412: return errc::changed;
        case 413: return errc::too_large;
        case 503: return errc::overloaded;
        case 504: return errc::timed_out;
        case 500:
        case 502: return errc::unavailable;
        default: return errc::protocol;
    }
}

}  // namespace lode::frontend::peer
