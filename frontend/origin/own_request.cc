#include "frontend/origin/own_request.h"

#include "engine/base/assert.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend::origin {

fetch_request own_request(const object_name& name, std::string_view query) {
    LODE_ASSERT(name.scope.empty());
    fetch_request made{.target = "/", .fields = {}, .signed_by = fetch_request::signer::lode};
    s3::percent_encode(name.bucket, s3::slash::encode, made.target);
    made.target += '/';
    s3::percent_encode(name.key, s3::slash::keep, made.target);
    if (!query.empty()) made.target.append("?").append(query);
    if (!name.version_id.empty()) {
        made.target += query.empty() ? "?versionId=" : "&versionId=";
        s3::percent_encode(name.version_id, s3::slash::encode, made.target);
    }
    return made;
}

result<header_fields> signature_fields(s3::signer& who, std::string_view authority,
                                       std::string_view method, std::string_view target,
                                       std::span<const http::header> also, wall_time now) {
    const auto [path, query] = s3::split(target);
    auto signature = who.sign({.method = method,
                               .raw_path = path,
                               .raw_query = query,
                               .host = authority,
                               .headers = also},
                              now);
    if (!signature) return std::unexpected(signature.error());
    header_fields fields;
    fields.emplace_back("Host", authority);
    fields.emplace_back("x-amz-date", std::move(signature->x_amz_date));
    fields.emplace_back("x-amz-content-sha256", std::move(signature->x_amz_content_sha256));
    if (!signature->x_amz_security_token.empty()) {
        fields.emplace_back("x-amz-security-token", std::move(signature->x_amz_security_token));
    }
    for (const http::header& h : also) fields.emplace_back(h.name, h.value);
    fields.emplace_back("Authorization", std::move(signature->authorization));
    return fields;
}

std::vector<http::header> views_of(const header_fields& fields, std::size_t more) {
    std::vector<http::header> views;
    views.reserve(fields.size() + more);
    for (const auto& [name, value] : fields) views.push_back({.name = name, .value = value});
    return views;
}

}  // namespace lode::frontend::origin
