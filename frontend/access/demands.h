// frontend/access/demands.h
//
// Which rights a request needs, decided from its head: the bucket and key that the origin will see,
// the operation, and what its headers ask for beside.
//
// The tables list what is known to be plain reading or writing. Everything else, including what S3
// will invent next year, needs `admin`.
//
//   Errors  What cannot be read in exactly one way is refused: the S3 error to answer with.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/access/rules.h"
#include "frontend/http/header.h"
#include "frontend/s3/address.h"
#include "frontend/s3/error_xml.h"

namespace lode::frontend::access {

struct request_to_judge {
    std::string_view method;
    std::string_view raw_query;  // without what belongs to a presigned URL's signature
    std::span<const http::header> headers;
    const s3::address& where;
};

// All of them must be permitted.
[[nodiscard]] std::expected<std::vector<demand>, s3::s3_error> demands_of(
    const request_to_judge& request);

// x-amz-copy-source, taken apart. An unescaped '?' begins the version.
struct copy_source {
    std::string bucket;
    std::string key;
    std::string version_id;

    // As a header that can be read in one way only.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const copy_source&, const copy_source&) = default;
};
[[nodiscard]] std::expected<copy_source, s3::s3_error> parse_copy_source(std::string_view value);

// Servers before or inside a store may resolve "." and ".." and merge slashes, and would then mean
// another key, or another bucket, than the one that was judged. Such keys are refused.
[[nodiscard]] bool may_be_rewritten(std::string_view key);

}  // namespace lode::frontend::access
