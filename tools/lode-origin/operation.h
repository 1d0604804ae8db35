// tools/lode-origin/operation.h
//
// Which of S3's operations a request is, by its method, what it addresses and its query. The name
// is the one of the API reference; counters and faults use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "frontend/http/header.h"
#include "frontend/s3/address.h"

namespace lode::dev_origin {

enum class operation : std::uint8_t {
    list_buckets,
    create_bucket,
    delete_bucket,
    head_bucket,
    get_bucket_location,
    get_bucket_versioning,
    get_bucket_acl,
    list_objects,
    list_objects_v2,
    list_multipart_uploads,
    delete_objects,
    get_object,
    head_object,
    put_object,
    delete_object,
    copy_object,
    get_object_acl,
    get_object_attributes,
    get_object_tagging,
    put_object_tagging,
    delete_object_tagging,
    create_multipart_upload,
    upload_part,
    upload_part_copy,
    list_parts,
    complete_multipart_upload,
    abort_multipart_upload,
    not_implemented,
    // Could not even be read: malformed HTTP, or a target that addresses nothing.
    unreadable,
};
inline constexpr std::size_t operation_count = static_cast<std::size_t>(operation::unreadable) + 1;

[[nodiscard]] std::string_view name_of(operation op);
[[nodiscard]] std::optional<operation> operation_named(std::string_view name);

struct parameter {
    std::string name;   // decoded
    std::string value;  // decoded
};
// invalid when a name or value cannot be decoded; too_large beyond 128 parameters.
[[nodiscard]] result<std::vector<parameter>> parse_query(std::string_view raw);
[[nodiscard]] const std::string* find_parameter(std::span<const parameter> query,
                                                std::string_view name);

struct request_outline {
    std::string_view method;
    frontend::s3::address_kind addresses;
    std::span<const parameter> query;
    std::span<const frontend::http::header> headers;
};
[[nodiscard]] operation identify(const request_outline& request);

}  // namespace lode::dev_origin
