// frontend/s3/sigv4_verify.h
//
// AWS Signature Version 4, the verifying side: who signed this request, and is the signature right.
//
//   Secrets  Compared in constant time. No message says which byte was wrong.
//   Errors   `auth_failure`, one kind for each thing that S3 answers differently.
//   Limits   15 minutes of clock skew; presigned URLs of 1 second to 7 days; 64 signed headers;
//            signing keys of the 64 most recent credentials and days are remembered.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "frontend/http/header.h"
#include "frontend/s3/digest.h"
#include "frontend/s3/error_xml.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::s3 {

inline constexpr std::chrono::minutes clock_skew_max{15};
inline constexpr std::size_t signed_headers_max = 64;

enum class auth_failure : std::uint8_t {
    missing,             // the request carries no signature at all
    unsupported,         // Signature Version 2, or a scheme that we do not know
    malformed,           // cannot be read, or lacks what must be there
    unknown_key,         // no such access key
    signature_mismatch,  // all is well but the signature
    skewed,              // signed too long ago, or in the future
    expired,             // a presigned URL past its lifetime
    wrong_scope,         // another region, another service, or another day than its date
    unsigned_header,     // Host or an x-amz-* header is present that the signature does not cover
};

[[nodiscard]] std::string_view name_of(auth_failure f);
[[nodiscard]] s3_error s3_error_of(auth_failure f);

// What the request says about its body.
enum class payload_kind : std::uint8_t {
    exact,                       // `sha256` is the hash of the whole body; the caller checks it
    unsigned_body,               // UNSIGNED-PAYLOAD
    streaming_signed,            // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
    streaming_signed_trailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
    streaming_unsigned_trailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

enum class signature_place : std::uint8_t { header, query };

// A signature as the request states it; nothing in it has been checked yet.
struct stated_signature {
    signature_place place = signature_place::header;
    std::string access_key;
    credential_scope scope;
    std::string signed_headers;        // "host;range;x-amz-date"
    std::string signature;             // 64 hexadecimal digits, lower case
    std::string timestamp;             // 20130524T000000Z
    std::chrono::seconds lifetime{0};  // presigned only
};

[[nodiscard]] std::expected<stated_signature, auth_failure> parse_signature(
    std::string_view target, std::span<const http::header> headers);

// Secrets by access key. The view must stay valid until the verification returns.
class secret_lookup {
  public:
    virtual ~secret_lookup() = default;
    [[nodiscard]] virtual std::optional<std::string_view> secret_of(
        std::string_view access_key) const = 0;
};

// When a signature counts, both ends included.
struct signature_life {
    wall_time from{};
    wall_time until{};

    [[nodiscard]] bool contains(wall_time t) const { return from <= t && t <= until; }
};

// A request that passed. The last three fields seed the chain of chunk signatures.
struct verified_request {
    std::string access_key;
    signature_life good;
    payload_kind payload = payload_kind::exact;
    sha256_digest payload_sha256{};  // for `exact`
    std::string timestamp;
    credential_scope scope;
    std::string signature;
    sha256_digest signing_key{};
};

struct request_to_verify {
    std::string_view method;
    std::string_view target;  // as on the request line
    std::span<const http::header> headers;
};

class verifier {
  public:
    // An empty region accepts every region.
    verifier(const secret_lookup& secrets, std::string region);
    ~verifier();
    verifier(const verifier&) = delete;
    verifier& operator=(const verifier&) = delete;

    [[nodiscard]] std::expected<verified_request, auth_failure> verify(
        const request_to_verify& request, wall_time now);

  private:
    struct remembered_key {
        std::string access_key;
        std::string secret;  // so that a replaced secret is noticed
        credential_scope scope;
        sha256_digest key{};
    };

    const sha256_digest& signing_key(const stated_signature& stated, std::string_view secret);

    const secret_lookup& secrets_;
    std::string region_;
    std::list<remembered_key> keys_;  // most recently used first
};

}  // namespace lode::frontend::s3
