#include "frontend/origin/object_version.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/hash.h"
#include "frontend/http/head_writer.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"

namespace lode::frontend::origin {
namespace {

using http::equal_ignoring_case;
using http::starts_with_ignoring_case;

// These belong to one answer or one connection, not to the object version.
constexpr std::array<std::string_view, 21> per_answer = {
    "accept-ranges",
    "age",
    "alt-svc",
    "cache-status",
    "connection",
    "content-length",
    "content-range",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-amz-id-2",
    "x-amz-mp-parts-count",
    "x-amz-request-id",
    "x-cache",
    "x-amz-checksum-type",
};

bool belongs_to_version(std::string_view name) {
    // A checksum holds for the bytes that it was sent with; a range of them has another one.
    if (starts_with_ignoring_case(name, "x-amz-checksum-")) return false;
    return std::ranges::none_of(per_answer,
                                [&](std::string_view n) { return equal_ignoring_case(n, name); });
}

bool forbids_caching(std::string_view name) {
    return equal_ignoring_case(name, "set-cookie") ||
           starts_with_ignoring_case(name, "x-amz-server-side-encryption-customer-");
}

result<bytes> size_of(unsigned status, std::span<const http::header> headers) {
    if (status == 206) {
        const auto text = http::find_header(headers, "content-range");
        if (!text) return fail(errc::not_found);
        const auto range = s3::parse_content_range(*text);
        if (!range || !range->object_size) return fail(errc::not_found);
        return *range->object_size;
    }
    const auto text = http::find_header(headers, "content-length");
    if (!text) return fail(errc::not_found);
    std::uint64_t count = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (problem != std::errc() || end != text->data() + text->size()) return fail(errc::not_found);
    return bytes(count);
}

}  // namespace

void object_name::append_to(std::string& out) const {
    // NUL cannot occur in any of these.
    for (const std::string* field : {&scope, &bucket, &key, &version_id}) {
        out += *field;
        out += '\0';
    }
}

result<version_ptr> describe_version(std::string_view origin, const object_name& name,
                                     unsigned status, std::span<const http::header> headers) {
    const auto etag = http::find_header(headers, "etag");
    const auto modified = http::find_header(headers, "last-modified");
    if (!etag || !modified || !s3::parse_http_date(*modified)) return fail(errc::not_found);
    const auto tag = s3::parse_entity_tag(*etag);
    if (!tag || tag->strength == s3::tag_strength::weak) return fail(errc::not_found);
    const auto size = size_of(status, headers);
    if (!size) return std::unexpected(size.error());

    auto made = std::make_shared<object_version>();
    made->etag = *etag;
    made->last_modified = *modified;
    made->size = *size;
    for (const http::header& h : headers) {
        if (forbids_caching(h.name)) return fail(errc::not_found);
        if (!belongs_to_version(h.name)) continue;
        http::append_field(made->headers, h.name, h.value);
    }
    const auto version_id = http::find_header(headers, "x-amz-version-id").value_or("");
    made->part = {.id = hash128_builder()
                            .add(origin)
                            .add(name.scope)
                            .add(name.bucket)
                            .add(name.key)
                            .add(*etag)
                            .add(version_id)
                            .add(0)
                            .add(size->count())
                            .finish(),
                  .length = *size};
    return made;
}

}  // namespace lode::frontend::origin
