#include "tools/lode-origin/operation.h"

#include <algorithm>
#include <array>

#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::dev_origin {
namespace {

namespace s3 = frontend::s3;

constexpr std::size_t parameters_max = 128;

constexpr std::array<std::string_view, operation_count> names = {
    "ListBuckets",
    "CreateBucket",
    "DeleteBucket",
    "HeadBucket",
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetBucketAcl",
    "ListObjects",
    "ListObjectsV2",
    "ListMultipartUploads",
    "DeleteObjects",
    "GetObject",
    "HeadObject",
    "PutObject",
    "DeleteObject",
    "CopyObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "ListParts",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "NotImplemented",
    "Unreadable",
};

// Query names that make a request something else than the plain operation of its method. Those
// that we serve are handled by name before this list is looked at.
constexpr auto subresources = std::to_array<std::string_view>({
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
});

operation identify_bucket(const request_outline& r);
operation identify_object(const request_outline& r);

bool has(const request_outline& r, std::string_view name) {
    return find_parameter(r.query, name) != nullptr;
}

bool is_plain(const request_outline& r) {
    return std::ranges::none_of(r.query, [](const parameter& p) {
        return std::ranges::find(subresources, p.name) != subresources.end();
    });
}

}  // namespace

operation identify(const request_outline& request) {
    switch (request.addresses) {
        case s3::address_kind::service:
            return request.method == "GET" && is_plain(request) ? operation::list_buckets
                                                                : operation::not_implemented;
        case s3::address_kind::bucket: return identify_bucket(request);
        case s3::address_kind::object: return identify_object(request);
        case s3::address_kind::unaddressable: return operation::unreadable;
    }
    return operation::unreadable;
}

std::string_view name_of(operation op) { return names[static_cast<std::size_t>(op)]; }

std::optional<operation> operation_named(std::string_view name) {
    const auto* const found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<operation>(found - names.begin());
}

result<std::vector<parameter>> parse_query(std::string_view raw) {
    std::vector<parameter> parsed;
    for (const s3::query_parameter& p : s3::query(raw)) {
        if (parsed.size() == parameters_max) return fail(errc::too_large);
        parameter one;
        if (!s3::percent_decode(p.name, s3::plus_sign::space, one.name) ||
            !s3::percent_decode(p.value, s3::plus_sign::space, one.value)) {
            return fail(errc::invalid);
        }
        parsed.push_back(std::move(one));
    }
    return parsed;
}

const std::string* find_parameter(std::span<const parameter> query, std::string_view name) {
    const auto found = std::ranges::find(query, name, &parameter::name);
    return found == query.end() ? nullptr : &found->value;
}

namespace {

operation identify_bucket(const request_outline& r) {
    if (r.method == "GET") {
        if (has(r, "location")) return operation::get_bucket_location;
        if (has(r, "versioning")) return operation::get_bucket_versioning;
        if (has(r, "acl")) return operation::get_bucket_acl;
        if (has(r, "uploads")) return operation::list_multipart_uploads;
        if (!is_plain(r)) return operation::not_implemented;
        const std::string* type = find_parameter(r.query, "list-type");
        return type != nullptr && *type == "2" ? operation::list_objects_v2
                                               : operation::list_objects;
    }
    if (r.method == "POST") {
        return has(r, "delete") ? operation::delete_objects : operation::not_implemented;
    }
    if (!is_plain(r)) return operation::not_implemented;
    if (r.method == "PUT") return operation::create_bucket;
    if (r.method == "DELETE") return operation::delete_bucket;
    if (r.method == "HEAD") return operation::head_bucket;
    return operation::not_implemented;
}

operation identify_object(const request_outline& r) {
    const bool copies = frontend::http::find_header(r.headers, "x-amz-copy-source").has_value();
    if (has(r, "uploadId")) {
        if (r.method == "GET") return operation::list_parts;
        if (r.method == "POST") return operation::complete_multipart_upload;
        if (r.method == "DELETE") return operation::abort_multipart_upload;
        if (r.method != "PUT") return operation::not_implemented;
        return copies ? operation::upload_part_copy : operation::upload_part;
    }
    if (has(r, "tagging")) {
        if (r.method == "GET") return operation::get_object_tagging;
        if (r.method == "PUT") return operation::put_object_tagging;
        if (r.method == "DELETE") return operation::delete_object_tagging;
    }
    if (r.method == "POST" && has(r, "uploads")) return operation::create_multipart_upload;
    if (r.method == "GET" && has(r, "acl")) return operation::get_object_acl;
    if (r.method == "GET" && has(r, "attributes")) return operation::get_object_attributes;
    if (!is_plain(r)) return operation::not_implemented;
    if (r.method == "GET") return operation::get_object;
    if (r.method == "HEAD") return operation::head_object;
    if (r.method == "PUT") return copies ? operation::copy_object : operation::put_object;
    if (r.method == "DELETE") return operation::delete_object;
    return operation::not_implemented;
}

}  // namespace
}  // namespace lode::dev_origin
