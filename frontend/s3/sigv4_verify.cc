#include "frontend/s3/sigv4_verify.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"
#include "frontend/s3/request_class.h"
#include "frontend/s3/sigv4_canonical.h"

namespace lode::frontend::s3 {
namespace {

using checked = std::expected<void, auth_failure>;

constexpr std::size_t remembered_keys_max = 64;
constexpr std::size_t scope_date_length = 8;  // YYYYMMDD

// What the request says its payload's hash is, and what that means.
struct stated_payload {
    std::string_view text;
    payload_kind kind = payload_kind::exact;
    sha256_digest sha256{};
};

std::expected<signature_life, auth_failure> life_of(const stated_signature& stated, wall_time now);
checked check_signed_headers(const stated_signature& stated, std::span<const http::header> headers);
std::expected<stated_payload, auth_failure> payload_of(const stated_signature& stated,
                                                       const request_to_verify& request,
                                                       std::string& storage);

}  // namespace

verifier::verifier(const secret_lookup& secrets, std::string region)
    : secrets_(secrets), region_(std::move(region)) {}

verifier::~verifier() {
    for (remembered_key& k : keys_) {
        wipe(k.secret);
        wipe(k.key);
    }
}

// Time and scope first: they cost nothing, and a stale request is not worth a key derivation.
std::expected<verified_request, auth_failure> verifier::verify(const request_to_verify& request,
                                                               wall_time now) {
    auto stated = parse_signature(request.target, request.headers);
    if (!stated) return std::unexpected(stated.error());

    const bool right_region = region_.empty() || stated->scope.region == region_;
    const bool right_day = stated->scope.date == stated->timestamp.substr(0, scope_date_length);
    if (!right_region || !right_day || stated->scope.service != "s3") {
        return std::unexpected(auth_failure::wrong_scope);
    }
    const auto good = life_of(*stated, now);
    if (!good) return std::unexpected(good.error());
    const auto covered = check_signed_headers(*stated, request.headers);
    if (!covered) return std::unexpected(covered.error());
    std::string storage;
    const auto payload = payload_of(*stated, request, storage);
    if (!payload) return std::unexpected(payload.error());
    const auto secret = secrets_.secret_of(stated->access_key);
    if (!secret) return std::unexpected(auth_failure::unknown_key);

    const auto [path, raw_query] = split(request.target);
    const auto text = canonical_text({.method = request.method,
                                      .raw_path = path,
                                      .raw_query = raw_query,
                                      .headers = request.headers,
                                      .signed_headers = stated->signed_headers,
                                      .payload_sha256 = payload->text,
                                      .signature_parameter = stated->place == signature_place::query
                                                                 ? query_signature::omit
                                                                 : query_signature::keep});
    if (!text) return std::unexpected(auth_failure::malformed);
    const sha256_digest& key = signing_key(*stated, *secret);
    const auto right = hmac_sha256(key, string_to_sign(stated->timestamp, stated->scope, *text));
    const auto given = digest_from_hex(stated->signature);
    if (!given || !equal_constant_time(right, *given)) {
        return std::unexpected(auth_failure::signature_mismatch);
    }

    return verified_request{.access_key = std::move(stated->access_key),
                            .good = *good,
                            .payload = payload->kind,
                            .payload_sha256 = payload->sha256,
                            .timestamp = std::move(stated->timestamp),
                            .scope = std::move(stated->scope),
                            .signature = std::move(stated->signature),
                            .signing_key = key};
}

const sha256_digest& verifier::signing_key(const stated_signature& stated,
                                           std::string_view secret) {
    const auto found = std::ranges::find_if(keys_, [&](const remembered_key& k) {
        return k.access_key == stated.access_key && k.scope == stated.scope && k.secret == secret;
    });
    if (found != keys_.end()) {
        keys_.splice(keys_.begin(), keys_, found);
        return keys_.front().key;
    }
    if (keys_.size() == remembered_keys_max) {
        wipe(keys_.back().secret);
        wipe(keys_.back().key);
        keys_.pop_back();
    }
    keys_.push_front({.access_key = stated.access_key,
                      .secret = std::string(secret),
                      .scope = stated.scope,
                      .key = derive_signing_key(secret, stated.scope)});
    return keys_.front().key;
}

namespace {

// Nothing where it does not contain `now`.
std::expected<signature_life, auth_failure> life_of(const stated_signature& stated, wall_time now) {
    const auto when = parse_amz_date(stated.timestamp);
    if (!when) return std::unexpected(auth_failure::malformed);
    const bool presigned = stated.place == signature_place::query;
    const signature_life good{
        .from = *when - clock_skew_max,
        .until = presigned ? *when + stated.lifetime : *when + clock_skew_max};
    if (now < good.from) return std::unexpected(auth_failure::skewed);
    if (good.until < now) {
        return std::unexpected(presigned ? auth_failure::expired : auth_failure::skewed);
    }
    return good;
}

// S3's rule: Host and every x-amz-* header that is sent must be covered, or a third party could
// add, say, an x-amz-copy-source on the way.
checked check_signed_headers(const stated_signature& stated,
                             std::span<const http::header> headers) {
    if (!lists_header(stated.signed_headers, "host")) {
        return std::unexpected(auth_failure::unsigned_header);
    }
    for (const http::header& h : headers) {
        if (!http::starts_with_ignoring_case(h.name, "x-amz-")) continue;
        if (!lists_header(stated.signed_headers, h.name)) {
            return std::unexpected(auth_failure::unsigned_header);
        }
    }
    return {};
}

std::expected<stated_payload, auth_failure> payload_of(const stated_signature& stated,
                                                       const request_to_verify& request,
                                                       std::string& storage) {
    constexpr std::string_view name = "x-amz-content-sha256";
    if (http::count_header(request.headers, name) > 1) {
        return std::unexpected(auth_failure::malformed);
    }
    stated_payload payload;
    if (const auto header = http::find_header(request.headers, name)) {
        payload.text = http::trim(*header);
    } else if (stated.place == signature_place::header) {
        payload.text = empty_payload_sha256;
    } else {
        auto parameter = find_parameter(split(request.target).query, "X-Amz-Content-Sha256");
        if (!parameter) return std::unexpected(auth_failure::malformed);
        storage = std::move(*parameter).value_or(std::string(unsigned_payload));
        payload.text = storage;
    }

    if (payload.text == unsigned_payload) {
        payload.kind = payload_kind::unsigned_body;
    } else if (payload.text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
        payload.kind = payload_kind::streaming_signed;
    } else if (payload.text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
        payload.kind = payload_kind::streaming_signed_trailer;
    } else if (payload.text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
        payload.kind = payload_kind::streaming_unsigned_trailer;
    } else if (const auto digest = digest_from_hex(payload.text)) {
        payload.sha256 = *digest;
    } else {
        return std::unexpected(auth_failure::malformed);
    }
    return payload;
}

}  // namespace

std::string_view name_of(auth_failure f) {
    switch (f) {
        case auth_failure::missing: return "missing";
        case auth_failure::unsupported: return "unsupported";
        case auth_failure::malformed: return "malformed";
        case auth_failure::unknown_key: return "unknown key";
        case auth_failure::signature_mismatch: return "signature mismatch";
        case auth_failure::skewed: return "skewed";
        case auth_failure::expired: return "expired";
        case auth_failure::wrong_scope: return "wrong scope";
        case auth_failure::unsigned_header: return "unsigned header";
    }
    LODE_ASSERT(!"an authentication failure without a name");
}

s3_error s3_error_of(auth_failure f) {
    switch (f) {
        case auth_failure::missing: return s3_error::access_denied;
        case auth_failure::unsupported: return s3_error::invalid_request;
        case auth_failure::malformed: return s3_error::authorization_header_malformed;
        case auth_failure::unknown_key: return s3_error::invalid_access_key_id;
        case auth_failure::signature_mismatch: return s3_error::signature_does_not_match;
        case auth_failure::skewed: return s3_error::request_time_too_skewed;
        case auth_failure::expired: return s3_error::access_denied;
        case auth_failure::wrong_scope: return s3_error::authorization_header_malformed;
        case auth_failure::unsigned_header: return s3_error::access_denied;
    }
    LODE_ASSERT(!"an authentication failure without an S3 error");
}

}  // namespace lode::frontend::s3
