#include "tools/lode-origin/call.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tools/lode-origin/upload_body.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

constexpr std::size_t metadata_length_max = 2048;
constexpr std::string_view metadata_prefix = "x-amz-meta-";
constexpr std::string_view customer_key_prefix = "x-amz-server-side-encryption-customer-";

// Stored with the object and replayed with it; all else of a request is about the request.
constexpr auto replayed = std::to_array<std::string_view>({
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
});

// Promises that a store must not make silently.
constexpr auto unsupported = std::to_array<std::string_view>({
    "x-amz-object-lock-",
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-grant-",
});

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), http::ascii_lower);
    return out;
}

// The framing of the upload is not part of the object's encoding.
std::string without_aws_chunked(std::string_view value) {
    std::string kept;
    while (!value.empty()) {
        const auto cut = value.find(',');
        const std::string_view one = http::trim(value.substr(0, cut));
        value = cut == std::string_view::npos ? std::string_view() : value.substr(cut + 1);
        if (one.empty() || http::equal_ignoring_case(one, "aws-chunked")) continue;
        kept.append(kept.empty() ? "" : ", ").append(one);
    }
    return kept;
}

bool reads_object_bytes(operation op) {
    return op == operation::get_object || op == operation::head_object;
}

std::optional<action> needed_right(operation op);
engine::task<outcome> handle(call& c);

}  // namespace

engine::task<outcome> dispatch(call& c) {
    if (c.what == operation::not_implemented) {
        co_return refuse(s3::s3_error::not_implemented,
                         "This operation, or what it asks for, is not implemented.");
    }
    if (c.here.shared.role == server_role::backend && !reads_object_bytes(c.what)) {
        co_return refuse(s3::s3_error::access_denied, "A backend serves reads of objects only.");
    }
    if (const auto needed = needed_right(c.what)) {
        // Listings are checked with the prefix that they ask for.
        const bool lists =
            c.what == operation::list_objects || c.what == operation::list_objects_v2;
        const std::string* prefix = lists ? c.parameter_called("prefix") : nullptr;
        const std::string_view key = prefix != nullptr ? std::string_view(*prefix) : c.where.key;
        if (!c.may(*needed, c.where.bucket, key)) co_return refuse(s3::s3_error::access_denied);
        if (*needed != action::read && c.here.shared.use == directory_use::reader) {
            co_return refuse(s3::s3_error::access_denied, "This server was started read-only.");
        }
    }
    const std::string* version = c.parameter_called("versionId");
    if (version != nullptr && *version != "null") co_return refuse(s3::s3_error::no_such_version);
    co_return co_await handle(c);
}

bool call::may(action a, std::string_view bucket, std::string_view key) const {
    if (who != nullptr && who->may(a, bucket, key)) return true;
    return a == action::read && here.buckets.visibility_of(bucket) == visibility::everybody_reads;
}

std::unexpected<refusal> missing_object(const call& c, std::string_view bucket) {
    return refuse(c.here.buckets.exists(bucket) ? s3::s3_error::no_such_key
                                                : s3::s3_error::no_such_bucket);
}

s3::validators validators_of(const object_record& record) {
    return {.etag = record.etag, .last_modified = record.modified};
}

std::string iso_date(s3::http_seconds when) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", when);
}

s3::http_seconds wall_seconds() {
    return std::chrono::floor<std::chrono::seconds>(engine::scheduler::current().time().wall());
}

std::expected<header_list, refusal> storable_headers(std::span<const http::header> headers,
                                                     customer_keys keys) {
    header_list kept;
    std::size_t metadata_length = 0;
    for (const http::header& h : headers) {
        const std::string name = lower(h.name);
        if (keys == customer_keys::handled && name.starts_with(customer_key_prefix)) continue;
        const auto matches = [&](std::string_view start) { return name.starts_with(start); };
        if (std::ranges::any_of(unsupported, matches)) return refuse(s3::s3_error::not_implemented);
        if (name == "x-amz-acl" && h.value != "private" && h.value != "bucket-owner-full-control") {
            return refuse(400U, "AccessControlListNotSupported",
                          "The bucket does not allow access control lists.");
        }
        const bool is_metadata = name.starts_with(metadata_prefix);
        if (!is_metadata && std::ranges::find(replayed, name) == replayed.end()) continue;
        std::string value(h.value);
        if (name == "content-encoding") value = without_aws_chunked(value);
        if (name == "content-encoding" && value.empty()) continue;
        if (name == "x-amz-storage-class" && value == "STANDARD") continue;
        if (name == "x-amz-tagging" && !tags_from_query(value)) {
            return refuse(400U, "InvalidTag", "The tags that you provided are not valid.");
        }
        if (is_metadata) metadata_length += name.size() - metadata_prefix.size() + value.size();
        kept.push_back({name, std::move(value)});
    }
    if (metadata_length > metadata_length_max) {
        return refuse(400U, "MetadataTooLarge",
                      "Your metadata headers exceed the maximum allowed metadata size.");
    }
    return kept;
}

engine::task<std::expected<std::string, refusal>> read_small_body(call& c) {
    auto body = upload_body::open(c, upload_body::length_rule::optional);
    if (!body) co_return std::unexpected(body.error());
    std::string text;
    for (;;) {
        auto piece = co_await (*body)->next();
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) co_return text;
        if (text.size() + piece->size() > xml_body_length_max) {
            co_return refuse(s3::s3_error::entity_too_large);
        }
        text.append(reinterpret_cast<const char*>(piece->data()), piece->size());
    }
}

namespace {

std::optional<action> needed_right(operation op) {
    switch (op) {
        case operation::list_buckets:    // answers with what the caller may see
        case operation::delete_objects:  // decided key by key
        case operation::not_implemented:
        case operation::unreadable: return std::nullopt;
        case operation::create_bucket:
        case operation::delete_bucket: return action::administer;
        case operation::head_bucket:
        case operation::get_bucket_location:
        case operation::get_bucket_versioning:
        case operation::get_bucket_acl:
        case operation::list_objects:
        case operation::list_objects_v2:
        case operation::list_multipart_uploads:
        case operation::get_object:
        case operation::head_object:
        case operation::get_object_acl:
        case operation::get_object_attributes:
        case operation::get_object_tagging: return action::read;
        case operation::put_object:
        case operation::delete_object:
        case operation::copy_object:
        case operation::put_object_tagging:
        case operation::delete_object_tagging:
        case operation::create_multipart_upload:
        case operation::upload_part:
        case operation::upload_part_copy:
        case operation::list_parts:
        case operation::complete_multipart_upload:
        case operation::abort_multipart_upload: return action::write;
    }
    return std::nullopt;
}

engine::task<outcome> handle(call& c) {
    switch (c.what) {
        case operation::list_buckets: return list_buckets(c);
        case operation::create_bucket: return create_bucket(c);
        case operation::delete_bucket: return delete_bucket(c);
        case operation::head_bucket: return head_bucket(c);
        case operation::get_bucket_location: return get_bucket_location(c);
        case operation::get_bucket_versioning: return get_bucket_versioning(c);
        case operation::get_bucket_acl:
        case operation::get_object_acl: return get_acl(c);
        case operation::list_objects:
        case operation::list_objects_v2: return list_objects(c);
        case operation::list_multipart_uploads: return list_multipart_uploads(c);
        case operation::delete_objects: return delete_objects(c);
        case operation::get_object:
        case operation::head_object: return get_object(c);
        case operation::put_object: return put_object(c);
        case operation::delete_object: return delete_object(c);
        case operation::copy_object: return copy_object(c);
        case operation::get_object_attributes: return get_object_attributes(c);
        case operation::get_object_tagging: return get_object_tagging(c);
        case operation::put_object_tagging: return put_object_tagging(c);
        case operation::delete_object_tagging: return delete_object_tagging(c);
        case operation::create_multipart_upload: return create_multipart_upload(c);
        case operation::upload_part: return upload_part(c);
        case operation::upload_part_copy: return upload_part_copy(c);
        case operation::list_parts: return list_parts(c);
        case operation::complete_multipart_upload: return complete_multipart_upload(c);
        case operation::abort_multipart_upload: return abort_multipart_upload(c);
        case operation::not_implemented:
        case operation::unreadable: break;
    }
    LODE_ASSERT(!"refused before it came here");
    std::unreachable();
}

}  // namespace
}  // namespace lode::dev_origin
