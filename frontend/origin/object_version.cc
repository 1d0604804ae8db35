#include "frontend/origin/object_version.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "frontend/http/head_writer.h"
#include "frontend/origin/redirect.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

using http::equal_ignoring_case;
using http::starts_with_ignoring_case;

// These belong to one answer or one connection, not to the object version.
constexpr std::array<std::string_view, 20> per_answer = {
    "accept-ranges",    "age",
    "alt-svc",          "cache-status",
    "connection",       "content-length",
    "content-range",    "date",
    "keep-alive",       "proxy-authenticate",
    "proxy-connection", "te",
    "trailer",          "transfer-encoding",
    "upgrade",          "via",
    "x-amz-id-2",       "x-amz-mp-parts-count",
    "x-amz-request-id", "x-cache",
};

bool is_checksum(std::string_view name) {
    return starts_with_ignoring_case(name, "x-amz-checksum-");
}

bool belongs_to_version(std::string_view name) {
    // A checksum holds for the bytes that it was sent with; a range of them has another one.
    if (is_checksum(name)) return false;
    if (equal_ignoring_case(name, direct_path_header)) return false;
    // To the web site that asked (CORS).
    if (starts_with_ignoring_case(name, "access-control-")) return false;
    return std::ranges::none_of(per_answer,
                                [&](std::string_view n) { return equal_ignoring_case(n, name); });
}

bool forbids_caching(std::string_view name) { return equal_ignoring_case(name, "set-cookie"); }

// Encrypted with a key of the customer's? Both sides must mean the same.
bool agree_about_key(const object_name& name, std::span<const http::header> headers) {
    const bool answered = std::ranges::any_of(
        headers, [](const http::header& h) { return sealing::is_customer_key_field(h.name); });
    return answered == !name.customer_key.empty();
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
    for (const std::string* field : {&scope, &bucket, &key, &version_id, &customer_key}) {
        out += *field;
        out += '\0';
    }
}

std::string object_name::text() const {
    std::string name;
    append_to(name);
    return name;
}

object_name object_name::without_version() const {
    return {.scope = scope, .bucket = bucket, .key = key};
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
    if (*size > engine::part_length_max) return fail(errc::not_found);
    if (!agree_about_key(name, headers)) return fail(errc::not_found);

    auto made = std::make_shared<object_version>();
    made->etag = *etag;
    made->last_modified = *modified;
    made->size = *size;
    made->direct_path = direct_path_of(headers);
    for (const http::header& h : headers) {
        if (forbids_caching(h.name)) return fail(errc::not_found);
        if (!belongs_to_version(h.name)) continue;
        // What is said about the key is said again from each request, and never kept.
        if (sealing::is_customer_key_field(h.name)) continue;
        http::append_field(made->headers, h.name, h.value);
    }
    made->version_id = http::find_header(headers, "x-amz-version-id").value_or("");
    made->identity = identity_of(origin, name, made->etag, made->version_id, made->size);
    made->layout = part_layout::whole(*size);
    made->laid_out = s3::part_count_of(*etag).value_or(1) == 1;
    return made;
}

hash128 identity_of(std::string_view origin, const object_name& name, std::string_view etag,
                    std::string_view version_id, bytes size) {
    hash128_builder content;
    content.add(origin).add(name.scope).add(name.bucket).add(name.key).add(etag).add(version_id);
    content.add(size.count());
    if (!name.customer_key.empty()) content.add(name.customer_key);
    return content.finish();
}

engine::part_key object_version::part(std::uint32_t index) const {
    const part_extent extent = layout.at(index);
    const std::array<std::uint64_t, 4> named = {identity.high, identity.low, extent.first.value(),
                                                extent.length.count()};
    return {.id = xxh3_128(std::as_bytes(std::span(named))), .length = extent.length};
}

bool object_version::same_as(const object_version& other) const {
    return identity == other.identity && last_modified == other.last_modified &&
           headers == other.headers;
}

version_ptr with_layout(const object_version& v, part_layout layout) {
    LODE_ASSERT(layout.size() == v.size);
    auto made = std::make_shared<object_version>(v);
    made->layout = std::move(layout);
    made->laid_out = true;
    return made;
}

version_ptr with_checksums(const object_version& v, std::string lines) {
    auto made = std::make_shared<object_version>(v);
    made->checksums = std::move(lines);
    return made;
}

std::string checksum_lines(std::span<const http::header> headers) {
    std::string lines;
    for (const http::header& h : headers) {
        if (is_checksum(h.name)) http::append_field(lines, h.name, h.value);
    }
    return lines;
}

version_ptr with_direct_path(version_ptr known, std::string direct_path) {
    if (known->direct_path == direct_path) return known;
    auto moved = std::make_shared<object_version>(*known);
    moved->direct_path = std::move(direct_path);
    return moved;
}

}  // namespace lode::frontend::origin
