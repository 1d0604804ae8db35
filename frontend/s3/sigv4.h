// frontend/s3/sigv4.h
//
// AWS Signature Version 4 as S3 uses it, the signing side: lode's own requests to the origin, and
// presigned URLs. Verifying is in sigv4_verify.h, chunked uploads in aws_chunked.h.
//
// S3 differs from AWS's other services: the path is encoded once and never normalised, and the
// payload's hash travels in x-amz-content-sha256.
//
//   Memory   One signing key is remembered and recomputed when the UTC day changes.
//   Secrets  Nothing here is printed or logged; keys are wiped when their owner is destroyed.
//   Errors   `invalid` for a path or query whose percent-encoding is broken, or a lifetime beyond
//            the limits.
//   Limits   Presigned URLs live from 1 second to 7 days.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "frontend/http/header.h"
#include "frontend/s3/digest.h"

namespace lode::frontend::s3 {

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view empty_payload_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
inline constexpr std::chrono::seconds presigned_lifetime_max{604'800};

struct credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token;  // empty unless temporary
};

// Where and when a signature counts: "20130524/us-east-1/s3/aws4_request".
struct credential_scope {
    std::string date;  // YYYYMMDD
    std::string region;
    std::string service = "s3";

    [[nodiscard]] std::string text() const;
    friend bool operator==(const credential_scope&, const credential_scope&) = default;
};

// HMAC chain over date, region and service.
[[nodiscard]] sha256_digest derive_signing_key(std::string_view secret_key,
                                               const credential_scope& scope);

struct request_to_sign {
    std::string_view method;
    std::string_view raw_path;   // as on the request line, percent-encoded
    std::string_view raw_query;  // without '?'
    std::string_view host;       // the Host header's value
    // Further headers to sign, such as range and if-match; host and x-amz-* of the signature itself
    // are added by the signer and must not be among them.
    std::span<const http::header> headers;
    std::string_view payload_sha256 = empty_payload_sha256;  // or unsigned_payload
};

// The headers to add to the request, each value by the name of its header.
struct signature_headers {
    std::string x_amz_date;
    std::string x_amz_content_sha256;
    std::string x_amz_security_token;  // empty: send no such header
    std::string authorization;
    std::string signature;  // the last part of `authorization`; no header
};

// What the signatures of a chunked upload's chunks are made with: the first covers the signature of
// the request's head.
struct chunk_seed {
    std::string timestamp;
    credential_scope scope;
    std::string signature;
    sha256_digest signing_key{};
};

class signer {
  public:
    signer(credentials who, std::string region);
    ~signer();
    signer(const signer&) = delete;
    signer& operator=(const signer&) = delete;

    [[nodiscard]] result<signature_headers> sign(const request_to_sign& request, wall_time now);

    // For the chunks of the request that these headers belong to, on the day that they were made.
    [[nodiscard]] chunk_seed seed_for_chunks(const signature_headers& head);

    // The complete query of a presigned URL: the request's own parameters, then the signature's.
    // The payload is always unsigned; `payload_sha256` is ignored.
    [[nodiscard]] result<std::string> presign(const request_to_sign& request,
                                              std::chrono::seconds lifetime, wall_time now);

    [[nodiscard]] std::string_view access_key() const { return who_.access_key; }

  private:
    void use_day_of(std::string_view timestamp);

    credentials who_;
    credential_scope scope_;
    sha256_digest key_{};
};

// "20130524T000000Z", and back. Nothing when it is not of that form, no such time exists, or its year
// is not one from 1970 to 2200.
[[nodiscard]] std::string format_amz_date(wall_time when);
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_amz_date(std::string_view text);

}  // namespace lode::frontend::s3
