// frontend/s3/sigv4_canonical.h
//
// The canonical request of AWS Signature Version 4 ("Create a signed AWS API request", steps 1 and
// 2), shared by signing and verifying so that the two cannot drift apart.
//
//   Errors  `invalid` when the path or the query cannot be decoded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "frontend/http/header.h"
#include "frontend/s3/digest.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::s3 {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";

// A presigned URL's own signature is a parameter of the query that was signed without it.
enum class query_signature : std::uint8_t { keep, omit };

struct canonical_request {
    std::string_view method;
    std::string_view raw_path;
    std::string_view raw_query;
    std::span<const http::header> headers;
    std::string_view signed_headers;  // names in lower case, joined by ';'
    std::string_view payload_sha256;
    query_signature signature_parameter = query_signature::keep;
};

[[nodiscard]] result<std::string> canonical_text(const canonical_request& request);

[[nodiscard]] std::string string_to_sign(std::string_view timestamp, const credential_scope& scope,
                                         std::string_view canonical_text);

}  // namespace lode::frontend::s3
