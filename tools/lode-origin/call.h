// tools/lode-origin/call.h
//
// One S3 request on its way through a handler: what it asks, who asks, and where the answer goes.
// A handler answers through `answer`, or returns the refusal that shall be answered.
//
//   Core     The connection's.
//   Lifetime Until the answer is finished; the handler is awaited within it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/task.h"
#include "frontend/s3/address.h"
#include "frontend/s3/conditionals.h"
#include "frontend/s3/sigv4_verify.h"
#include "tools/lode-origin/core_service.h"
#include "tools/lode-origin/exchange.h"
#include "tools/lode-origin/operation.h"
#include "tools/lode-origin/refusal.h"

namespace lode::dev_origin {

struct call {
    core_service& here;
    const http::request_head& head;
    exchange& answer;
    operation what = operation::unreadable;
    s3::address where;
    std::vector<parameter> query;
    const user* who = nullptr;  // nobody: anonymous
    s3::verified_request signature;

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
        return http::find_header(head.headers, name);
    }
    [[nodiscard]] const std::string* parameter_called(std::string_view name) const {
        return find_parameter(query, name);
    }
    // Empty when the parameter is absent.
    [[nodiscard]] std::string value_of(std::string_view name) const {
        const std::string* value = parameter_called(name);
        return value == nullptr ? std::string() : *value;
    }
    // Whether the caller may do this here; anonymous callers may read public buckets.
    [[nodiscard]] bool may(action a, std::string_view bucket, std::string_view key) const;
    [[nodiscard]] std::string owner_name() const { return who != nullptr ? who->name : "nobody"; }
};

// The key does not exist: which of the two things is missing?
[[nodiscard]] std::unexpected<refusal> missing_object(const call& c, std::string_view bucket);

// What an existing object says to conditions.
[[nodiscard]] s3::validators validators_of(const object_record& record);

// "2024-01-31T12:00:00.000Z", as S3's documents have it.
[[nodiscard]] std::string iso_date(s3::http_seconds when);
[[nodiscard]] s3::http_seconds wall_seconds();

// What a request says about the object to be stored: Content-Type, x-amz-meta-* and the rest that is
// replayed. Refuses what is too long or not supported.
enum class customer_keys : std::uint8_t { refused, handled };
[[nodiscard]] std::expected<header_list, refusal> storable_headers(
    std::span<const http::header> headers, customer_keys keys = customer_keys::refused);

// A small body, whole, checked like any upload.
engine::task<std::expected<std::string, refusal>> read_small_body(call& c);

// Serves the call, whatever it is: rights, then its handler.
engine::task<outcome> dispatch(call& c);

// One handler per operation, each in the file of its family.
engine::task<outcome> list_buckets(call& c);
engine::task<outcome> create_bucket(call& c);
engine::task<outcome> delete_bucket(call& c);
engine::task<outcome> head_bucket(call& c);
engine::task<outcome> get_bucket_location(call& c);
engine::task<outcome> get_bucket_versioning(call& c);
engine::task<outcome> get_acl(call& c);
engine::task<outcome> list_objects(call& c);
engine::task<outcome> get_object(call& c);
engine::task<outcome> get_object_attributes(call& c);
engine::task<outcome> put_object(call& c);
engine::task<outcome> delete_object(call& c);
engine::task<outcome> delete_objects(call& c);
engine::task<outcome> copy_object(call& c);
engine::task<outcome> get_object_tagging(call& c);
engine::task<outcome> put_object_tagging(call& c);
engine::task<outcome> delete_object_tagging(call& c);
engine::task<outcome> create_multipart_upload(call& c);
engine::task<outcome> upload_part(call& c);
engine::task<outcome> upload_part_copy(call& c);
engine::task<outcome> list_parts(call& c);
engine::task<outcome> list_multipart_uploads(call& c);
engine::task<outcome> complete_multipart_upload(call& c);
engine::task<outcome> abort_multipart_upload(call& c);

}  // namespace lode::dev_origin
