#include "frontend/access/gate.h"

#include <utility>

#include "engine/base/assert.h"
#include "frontend/access/demands.h"
#include "frontend/s3/query.h"

namespace lode::frontend::access {
namespace {

using s3::auth_failure;
using s3::auth_kind;
using s3::s3_error;

refusal refusal_of(auth_failure why, auth_kind kind);
refusal refusal_of(s3_error error);
s3::verified_request unverified(const http::request_head& head);

}  // namespace

gate::gate(options o, s3::signer* identity)
    : options_(std::move(o)), identity_(identity), verifier_(keys_, options_.region) {}

std::expected<void, refusal> gate::admit(const http::request_head& head, const s3::classified& what,
                                         wall_time now, passage& into) {
    const auto decided = judge_again(head, what, now, into);
    const verdict v = decided ? *decided : decided.error().why;
    stats_.by_verdict[static_cast<std::size_t>(v)].add();
    if (!decided) return std::unexpected(decided.error());
    return {};
}

std::expected<verdict, refusal> gate::judge_again(const http::request_head& head,
                                                  const s3::classified& what, wall_time now,
                                                  passage& into) {
    LODE_ASSERT(rewrites());
    into.clear();
    return decide(head, what, now, into);
}

void gate::sign(passage& admitted, wall_time now) {
    if (!admitted.awaits_signature()) return;
    const auto done = access::sign(*identity_, now, admitted);
    LODE_ASSERT(done);  // the client's own signature was over the same path and query
}

std::expected<verdict, refusal> gate::decide(const http::request_head& head,
                                             const s3::classified& what, wall_time now,
                                             passage& into) {
    if (what.auth != auth_kind::anonymous) {
        LODE_ASSERT(identity_ != nullptr);
        return options_.by == authentication::none ? trust(head, what, now, into)
                                                   : judge(head, what, now, into);
    }
    const auto rewritten = rewrite_anonymous({.head = head,
                                              .where = what.where,
                                              .raw_query = s3::split(head.target).query,
                                              .authority = options_.authority},
                                             into);
    if (!rewritten) return std::unexpected(refusal_of(rewritten.error()));
    return verdict::anonymous;
}

std::expected<verdict, refusal> gate::judge(const http::request_head& head,
                                            const s3::classified& what, wall_time now,
                                            passage& into) {
    const auto client = verifier_.verify(
        {.method = head.method, .target = head.target, .headers = head.headers}, now);
    if (!client) return std::unexpected(refusal_of(client.error(), what.auth));
    const client_key* key = keys_.current->find(client->access_key);
    LODE_ASSERT(key != nullptr);
    into.who = key->name;
    into.good = client->good;

    const std::string raw_query =
        without_signature(s3::split(head.target).query, signature_in_query::version_4);
    const auto needed = demands_of({.method = head.method,
                                    .raw_query = raw_query,
                                    .headers = head.headers,
                                    .where = what.where});
    if (!needed) return std::unexpected(refusal_of(needed.error()));
    for (const demand& d : *needed) {
        if (!permits(*key, d)) return std::unexpected(refusal{});
    }
    const auto rewritten = rewrite_to_sign({.head = head,
                                            .where = what.where,
                                            .raw_query = raw_query,
                                            .authority = options_.authority},
                                           {.client = *client}, into);
    if (!rewritten) return std::unexpected(refusal_of(rewritten.error()));
    return verdict::admitted;
}

std::expected<verdict, refusal> gate::trust(const http::request_head& head,
                                            const s3::classified& what, wall_time now,
                                            passage& into) {
    const auto kind = what.auth == auth_kind::sigv2_query ? signature_in_query::version_2
                                                          : signature_in_query::version_4;
    const std::string raw_query = without_signature(s3::split(head.target).query, kind);
    const s3::verified_request client = unverified(head);
    auto rewritten =
        rewrite_to_sign({.head = head,
                         .where = what.where,
                         .raw_query = raw_query,
                         .authority = options_.authority},
                        {.client = client, .chunks = s3::chunk_signatures::ignored}, into);
    // At once, because nobody has looked yet whether the query can be read at all.
    if (rewritten) rewritten = access::sign(*identity_, now, into);
    if (!rewritten) return std::unexpected(refusal_of(rewritten.error()));
    return verdict::trusted;
}

namespace {

verdict verdict_of(auth_failure why) {
    switch (why) {
        case auth_failure::missing: return verdict::missing;
        case auth_failure::unsupported: return verdict::unsupported;
        case auth_failure::malformed: return verdict::malformed;
        case auth_failure::unknown_key: return verdict::unknown_key;
        case auth_failure::signature_mismatch: return verdict::signature_mismatch;
        case auth_failure::skewed: return verdict::skewed;
        case auth_failure::expired: return verdict::expired;
        case auth_failure::wrong_scope: return verdict::wrong_scope;
        case auth_failure::unsigned_header: return verdict::unsigned_header;
    }
    std::unreachable();
}

std::string_view sentence_of(auth_failure why, bool presigned) {
    switch (why) {
        case auth_failure::unsupported:
            return "The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256.";
        case auth_failure::expired: return "Request has expired";
        case auth_failure::skewed:
            return presigned ? "Request is not yet valid" : std::string_view();
        case auth_failure::wrong_scope:
            return "The credential scope is wrong: it names another region, another service or "
                   "another day than the request.";
        case auth_failure::unsigned_header:
            return "There were headers present in the request which were not signed";
        default: return {};
    }
}

// A presigned URL has no header that could be malformed, and no clock that a retry could correct.
refusal refusal_of(auth_failure why, auth_kind kind) {
    const bool presigned = kind == auth_kind::sigv4_query;
    s3_error error = s3::s3_error_of(why);
    if (presigned && error == s3_error::authorization_header_malformed) {
        error = s3_error::authorization_query_parameters_error;
    }
    if (presigned && error == s3_error::request_time_too_skewed) error = s3_error::access_denied;
    return {.error = error, .sentence = sentence_of(why, presigned), .why = verdict_of(why)};
}

refusal refusal_of(s3_error error) {
    return {.error = error, .sentence = {}, .why = verdict::unclear};
}

// What a request says about its body, where nobody checks whether it was signed so. Without a word
// that we understand, the body is as it is.
s3::verified_request unverified(const http::request_head& head) {
    s3::verified_request stated;
    stated.payload = s3::payload_kind::unsigned_body;
    const auto text =
        http::trim(http::find_header(head.headers, "x-amz-content-sha256").value_or(""));
    if (const auto digest = s3::digest_from_hex(text)) {
        stated.payload = s3::payload_kind::exact;
        stated.payload_sha256 = *digest;
    } else if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
        stated.payload = s3::payload_kind::streaming_signed;
    } else if (text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
        stated.payload = s3::payload_kind::streaming_signed_trailer;
    } else if (text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
        stated.payload = s3::payload_kind::streaming_unsigned_trailer;
    }
    return stated;
}

}  // namespace

std::string_view name_of(verdict v) {
    switch (v) {
        case verdict::admitted: return "admitted";
        case verdict::trusted: return "trusted";
        case verdict::anonymous: return "anonymous";
        case verdict::no_right: return "no_right";
        case verdict::unclear: return "unclear";
        case verdict::missing: return "missing";
        case verdict::unsupported: return "unsupported";
        case verdict::malformed: return "malformed";
        case verdict::unknown_key: return "unknown_key";
        case verdict::signature_mismatch: return "signature_mismatch";
        case verdict::skewed: return "skewed";
        case verdict::expired: return "expired";
        case verdict::wrong_scope: return "wrong_scope";
        case verdict::unsigned_header: return "unsigned_header";
    }
    LODE_ASSERT(!"a verdict without a name");
}

}  // namespace lode::frontend::access
