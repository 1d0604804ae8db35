#include "frontend/peer/layout_question.h"

#include <array>
#include <optional>
#include <vector>

#include "engine/base/assert.h"
#include "frontend/peer/object_fields.h"
#include "frontend/peer/wire.h"
#include "frontend/s3/etag.h"

namespace lode::frontend::peer {
namespace {

using origin::part_layout;
using certainty = part_layout::certainty;

constexpr std::array<std::string_view, 7> layout_question_fields = {
    "bucket", "key", "version", "stored", "etag", "size", "id"};
constexpr std::array<std::string_view, 3> layout_fields = {"known", "part", "lengths"};
constexpr std::array<std::string_view, 3> certainties = {"computed", "ends", "exact"};

named_content content_of(const layout_question& q) {
    return {.name = q.name, .stored_version = q.stored_version, .etag = q.etag};
}

// Whether the length of the first part says where all others lie.
bool is_uniform(const part_layout& layout) {
    const bytes part = layout.at(0).length;
    return ceil_div(layout.size(), part) == layout.parts() &&
           layout == part_layout::uniform(layout.size(), part, layout.known());
}

std::string lengths_of(const part_layout& layout) {
    std::string text;
    for (std::uint32_t n = 0; n < layout.parts(); ++n) {
        if (n > 0) text += '.';
        text += std::to_string(layout.at(n).length.count());
    }
    return text;
}

// Nothing unless they are as many as there are parts, none empty, and make up the whole size.
std::optional<part_layout> of_lengths(std::string_view text, bytes size, std::uint32_t parts) {
    std::vector<bytes> lengths;
    lengths.reserve(parts);
    bytes left = size;
    for (std::uint32_t n = 0; n < parts; ++n) {
        const auto dot = n + 1 < parts ? text.find('.') : text.size();
        if (dot == std::string_view::npos) return std::nullopt;
        const auto length = decimal(text.substr(0, dot), left.count());
        if (!length || *length == 0) return std::nullopt;
        lengths.emplace_back(*length);
        left = left - lengths.back();
        text.remove_prefix(n + 1 < parts ? dot + 1 : dot);
    }
    if (left > bytes(0)) return std::nullopt;
    auto made = part_layout::of_lengths(lengths);
    return made ? std::optional(std::move(*made)) : std::nullopt;
}

part_layout read_layout(field_reader& fields, bytes size, std::uint32_t parts) {
    part_layout made = part_layout::computed(size, parts);
    const auto known = static_cast<certainty>(fields.word("known", certainties));
    const bool uniform = fields.has("part");
    const bool listed = fields.has("lengths");
    if (known == certainty::computed && (uniform || listed)) {
        fields.refuse("known", "says that everybody computes it, and yet it is told");
    } else if (known != certainty::computed && uniform == listed) {
        fields.refuse("known", "comes without a length, or with two kinds of them");
    } else if (uniform) {
        const bytes part(fields.number("part", size.count()));
        const bool cuts = part > bytes(0) && ceil_div(size, part) == parts;
        if (!cuts) return fields.refuse("part", "does not cut the object into its parts"), made;
        made = part_layout::uniform(size, part, known);
    } else if (listed) {
        auto of = of_lengths(fields.text("lengths", layout_text_max), size, parts);
        if (known != certainty::exact || !of) {
            return fields.refuse("lengths", "are not those of the object's parts"), made;
        }
        made = std::move(*of);
    }
    return made;
}

}  // namespace

layout_question layout_question_about(const origin::object_name& name,
                                      const origin::object_version& version) {
    LODE_ASSERT(name.scope.empty() && name.customer_key.empty());
    return {.name = name,
            .etag = version.etag,
            .stored_version = version.version_id,
            .size = version.size,
            .id = version.identity};
}

result<> write_layout_question(const layout_question& q, std::uint32_t protocol,
                               std::string& target) {
    if (!fits(content_of(q))) return fail(errc::too_large);
    target = path_of(protocol, layout_word);
    target += '?';
    field_writer fields(target);
    write_content(fields, content_of(q));
    fields.add("size", q.size.count()).add_hex("id", q.id);
    if (target.size() > wire_limits.uri.count()) return fail(errc::too_large);
    return {};
}

std::expected<layout_question, std::string> parse_layout_question(std::string_view query) {
    field_reader fields(query, layout_question_fields);
    layout_question q;
    read_content(fields, q.name, q.stored_version, q.etag);
    q.size = bytes(fields.number("size", object_size_max));
    q.id = fields.hex128("id");
    if (fields.good() && s3::part_count_of(q.etag).value_or(1) < 2) {
        fields.refuse("etag", "is not that of an upload in parts");
    }
    if (fields.good() && q.size == bytes(0)) fields.refuse("size", "is zero");
    if (!fields.good()) return std::unexpected(fields.problem());
    return q;
}

result<origin::object_version> version_of(const layout_question& q, std::string_view origin) {
    origin::object_version made{.etag = q.etag, .size = q.size, .version_id = q.stored_version};
    made.identity = origin::identity_of(origin, q.name, q.etag, q.stored_version, q.size);
    if (made.identity != q.id) return fail(errc::invalid);
    return made;
}

void write_layout(const part_layout& layout, std::string& out) {
    out.clear();
    field_writer fields(out);
    fields.add("known", certainties[static_cast<std::size_t>(layout.known())]);
    if (layout.known() == certainty::computed) return;
    if (is_uniform(layout)) {
        fields.add("part", layout.at(0).length.count());
    } else {
        fields.add("lengths", lengths_of(layout));
    }
}

std::expected<part_layout, std::string> parse_layout(std::string_view text, bytes size,
                                                     std::uint32_t parts) {
    LODE_ASSERT(size > bytes(0) && parts > 1 && parts <= origin::parts_max);
    field_reader fields(text, layout_fields);
    part_layout made = read_layout(fields, size, parts);
    if (!fields.good()) return std::unexpected(fields.problem());
    return made;
}

}  // namespace lode::frontend::peer
