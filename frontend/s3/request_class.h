// frontend/s3/request_class.h
//
// What an S3 request asks for, decided from its head alone: the operation, the object, and those
// properties that decide whether and how it may be accelerated.
//
// The rule is a list of what is known to be harmless, not of what is known to be special: a GET is
// `get_object` only when it names a key and every query parameter is one that we know does not
// change the answer. Anything else, including what S3 will invent next year, goes to the origin.
//
//   Memory  `classified` keeps its strings' capacity; one per connection, reused, allocates nothing
//           once it has seen the longest key.
//   Errors  None. What cannot be understood is `unknown` or `other_object` and is passed through.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/http/header.h"
#include "frontend/s3/address.h"

namespace lode::frontend::s3 {

enum class operation : std::uint8_t {
    get_object,     // the whole object or one range of it: may be accelerated
    head_object,    // its headers
    put_object,     // a plain upload of a whole object
    delete_object,  // a plain delete of an object or of one version
    other_object,   // anything else that names a key: subresources, multipart, copy, select ...
    bucket,         // anything that names a bucket and no key
    service,        // names nothing: list of buckets
    unknown,        // unaddressable, or a method or target that S3 does not have
};

enum class auth_kind : std::uint8_t {
    anonymous,
    sigv4_header,
    sigv4_query,
    sigv2_header,
    sigv2_query,
    unknown,  // an Authorization header of another scheme
};

[[nodiscard]] std::string_view name_of(operation op);
[[nodiscard]] std::string_view name_of(auth_kind auth);

struct request_head {
    std::string_view method;
    std::string_view target;  // as on the request line
    std::span<const http::header> headers;
};

struct classified {
    operation op = operation::unknown;
    auth_kind auth = auth_kind::anonymous;
    address where;
    std::string version_id;  // decoded; empty when the request names none

    // The signature covers Range, or may: a Range header must then be neither added nor changed.
    bool range_signed = false;
    // Has, or has signed, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since,
    // If-Range.
    bool conditional = false;
    bool only_if_match = false;     // of these, exactly one If-Match and nothing else
    bool sse_customer_key = false;  // carries x-amz-server-side-encryption-customer-*
    bool checksum_mode = false;     // x-amz-checksum-mode: the answer should carry checksums
    bool no_cache = false;          // Cache-Control
    bool no_store = false;          // Cache-Control

    // From the query. A part number outside 1 to 10,000 makes the request `other_object`.
    std::optional<std::uint32_t> part_number;
    std::string upload_id;  // decoded; a multipart upload's request, `other_object` too
    // response-content-type and its like: the headers that the answer shall have instead. The
    // value holds no control character.
    struct override_field {
        std::string_view name;  // of the response header
        std::string value;
    };
    std::vector<override_field> overrides;
};

void classify(const request_head& request, std::span<const std::string> domains, classified& out);

// The SignedHeaders of an Authorization header of Signature Version 4; empty when it has none.
[[nodiscard]] std::string_view signed_headers_of(std::string_view authorization);

// Whether a list "host;range;x-amz-date" contains a name.
[[nodiscard]] bool lists_header(std::string_view signed_headers, std::string_view name);

}  // namespace lode::frontend::s3
