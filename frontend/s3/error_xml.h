// frontend/s3/error_xml.h
//
// The errors that lode itself answers with, as S3 clients expect them: a code, a status, a
// sentence, and the XML document around them. This is also the one place that turns our `error`
// into one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace lode::frontend::s3 {

enum class s3_error : std::uint8_t {
    access_denied,
    authorization_header_malformed,
    authorization_query_parameters_error,
    bad_digest,
    bad_gateway,
    bucket_already_exists,
    bucket_already_owned_by_you,
    bucket_not_empty,
    entity_too_large,
    entity_too_small,
    expired_token,
    incomplete_body,
    internal_error,
    invalid_access_key_id,
    invalid_argument,
    invalid_bucket_name,
    invalid_digest,
    invalid_part,
    invalid_part_order,
    invalid_range,
    invalid_request,
    invalid_uri,
    key_too_long,
    malformed_xml,
    method_not_allowed,
    missing_content_length,
    no_such_bucket,
    no_such_key,
    no_such_upload,
    no_such_version,
    not_implemented,
    precondition_failed,
    request_header_section_too_large,
    request_time_too_skewed,
    request_timeout,
    service_unavailable,
    signature_does_not_match,
    slow_down,
    uri_too_long,
    x_amz_content_sha256_mismatch,
};

struct s3_error_description {
    std::string_view code;  // what <Code> says
    std::uint16_t status = 500;
    std::string_view message;
};

[[nodiscard]] s3_error_description describe(s3_error e);

// Every `error` that reaches a client goes through here.
[[nodiscard]] s3_error s3_error_of(error e);

// What Retry-After should say: a value for the answers that ask the client to come back.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(s3_error e);

struct error_document {
    s3_error error = s3_error::internal_error;
    std::string_view message = {};  // the default message when empty
    std::string_view resource = {};
    std::string_view request_id = {};
};

[[nodiscard]] std::string render_error_xml(const error_document& document);

// Escapes &, <, >, " and '; what XML 1.0 cannot carry at all becomes U+FFFD.
void append_xml_escaped(std::string_view text, std::string& out);

}  // namespace lode::frontend::s3
