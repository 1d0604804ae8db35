#include "frontend/peer/part_question.h"

#include <array>

#include "engine/base/assert.h"
#include "frontend/http/endpoint.h"
#include "frontend/peer/object_fields.h"
#include "frontend/peer/wire.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"

namespace lode::frontend::peer {
namespace {

constexpr std::size_t modified_max = 64;
constexpr std::size_t direct_max = 512;
constexpr std::size_t extent_max = 41;  // two numbers of 20 digits

constexpr std::array<std::string_view, 12> question_fields = {
    "bucket", "key",  "version", "stored", "etag",   "modified",
    "size",   "part", "id",      "want",   "direct", "spread"};
constexpr std::array<std::string_view, 5> wants = {"bytes", "fill", "held", "copy", "purge"};

named_content content_of(const part_question& q) {
    return {.name = q.name, .stored_version = q.stored_version, .etag = q.etag};
}

bool fits(const part_question& q) {
    return fits(content_of(q)) && q.last_modified.size() <= modified_max &&
           q.direct_path.size() <= direct_max;
}

std::string pair_text(std::uint64_t a, std::uint64_t b) {
    return std::to_string(a) + "-" + std::to_string(b);
}

struct number_pair {
    std::uint64_t first;
    std::uint64_t second;
};

std::optional<number_pair> parse_pair(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = decimal(text.substr(0, dash), object_size_max);
    const auto second = decimal(text.substr(dash + 1), object_size_max);
    if (!first || !second) return std::nullopt;
    return number_pair{.first = *first, .second = *second};
}

void read_version(field_reader& fields, part_question& q) {
    read_content(fields, q.name, q.stored_version, q.etag);
    q.last_modified = fields.text("modified", modified_max);
    q.size = bytes(fields.number("size", object_size_max));
    q.direct_path = fields.text("direct", direct_max, field_reader::may_be::empty);
    if (!fields.good()) return;
    const auto tag = s3::parse_entity_tag(q.etag);
    if (!tag || tag->strength == s3::tag_strength::weak) {
        fields.refuse("etag", "is no strong entity tag");
    }
    if (!s3::parse_http_date(q.last_modified)) fields.refuse("modified", "is no HTTP date");
    if (!q.direct_path.empty() && !http::endpoint::parse(q.direct_path)) {
        fields.refuse("direct", "is no URL of a server");
    }
}

void read_part(field_reader& fields, part_question& q) {
    const std::string extent = fields.text("part", extent_max);
    q.id = fields.hex128("id");
    q.want = static_cast<part_question::want_kind>(fields.word("want", wants));
    q.spread = static_cast<std::uint32_t>(fields.number("spread", spread_max));
    if (!fields.good()) return;
    if (q.spread == 0) fields.refuse("spread", "is zero");
    const auto pair = parse_pair(extent);
    if (!pair || pair->second == 0 || pair->first > q.size.count() ||
        pair->second > q.size.count() - pair->first) {
        fields.refuse("part", "is not FIRST-LENGTH within the object");
        return;
    }
    q.part = {.first = object_offset(pair->first), .length = bytes(pair->second)};
}

// Nothing where it is one; else what is wrong.
std::string_view read_range(std::optional<std::string_view> range, part_question& q) {
    constexpr std::string_view unit = "bytes=";
    if (!range) {
        return wants_bytes(q) ? "It wants bytes and has no Range." : "";
    }
    const auto pair = range->starts_with(unit) ? parse_pair(range->substr(unit.size()))
                                               : std::optional<number_pair>();
    if (!pair || pair->first > pair->second || pair->second >= q.part.length.count()) {
        return "Its Range is not bytes=FIRST-LAST within the part.";
    }
    q.first = part_offset(pair->first);
    q.end = part_offset(pair->second + 1);
    return "";
}

}  // namespace

part_question question_about(const origin::object_name& name, const origin::object_version& version,
                             std::uint32_t part) {
    LODE_ASSERT(name.scope.empty() && name.customer_key.empty());
    return {.name = name,
            .etag = version.etag,
            .last_modified = version.last_modified,
            .stored_version = version.version_id,
            .size = version.size,
            .direct_path = version.direct_path,
            .part = version.layout.at(part),
            .id = version.part(part).id};
}

result<> write_question(const part_question& q, std::uint32_t protocol, std::string& target,
                        std::string& range) {
    LODE_ASSERT(q.first <= q.end && q.end - part_offset(0) <= q.part.length);
    LODE_ASSERT(!wants_bytes(q) || q.first < q.end);
    LODE_ASSERT(q.spread > 0 && q.spread <= spread_max);
    if (!fits(q)) return fail(errc::too_large);
    target = path_of(protocol, part_word);
    target += '?';
    field_writer fields(target);
    write_content(fields, content_of(q));
    fields.add("modified", q.last_modified)
        .add("size", q.size.count())
        .add("part", pair_text(q.part.first.value(), q.part.length.count()))
        .add_hex("id", q.id)
        .add("want", wants[static_cast<std::size_t>(q.want)])
        .add_some("direct", q.direct_path)
        .add("spread", std::uint64_t{q.spread});
    if (target.size() > wire_limits.uri.count()) return fail(errc::too_large);
    range.clear();
    if (q.first < q.end) range = "bytes=" + pair_text(q.first.value(), q.end.value() - 1);
    return {};
}

std::expected<part_question, std::string> parse_question(std::string_view query,
                                                         std::optional<std::string_view> range) {
    field_reader fields(query, question_fields);
    part_question q;
    read_version(fields, q);
    read_part(fields, q);
    if (!fields.good()) return std::unexpected(fields.problem());
    if (const auto wrong = read_range(range, q); !wrong.empty()) {
        return std::unexpected(std::string(wrong));
    }
    return q;
}

result<asked_part> version_of(const part_question& q, std::string_view origin) {
    auto made = std::make_shared<origin::object_version>();
    made->etag = q.etag;
    made->last_modified = q.last_modified;
    made->size = q.size;
    made->version_id = q.stored_version;
    made->direct_path = q.direct_path;
    made->identity = origin::identity_of(origin, q.name, q.etag, q.stored_version, q.size);
    made->layout = origin::part_layout::around(q.size, q.part);
    made->laid_out = true;
    const std::uint32_t index = made->layout.part_with(q.part.first);
    if (made->part(index).id != q.id) return fail(errc::invalid);
    return asked_part{.version = std::move(made), .index = index};
}

}  // namespace lode::frontend::peer
