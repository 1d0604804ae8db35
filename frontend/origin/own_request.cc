#include "frontend/origin/own_request.h"

#include "engine/base/assert.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::origin {

std::vector<http::header> fetch_request::headers() const {
    std::vector<http::header> views;
    views.reserve(fields.size() + 4);
    for (const auto& [name, value] : fields) views.push_back({.name = name, .value = value});
    return views;
}

result<fetch_request> own_requests::make(const object_name& name, const own_question& question,
                                         wall_time now) const {
    LODE_ASSERT(name.scope.empty());
    std::string path = "/";
    s3::percent_encode(name.bucket, s3::slash::encode, path);
    path += '/';
    s3::percent_encode(name.key, s3::slash::keep, path);
    std::string query(question.query);
    if (!name.version_id.empty()) {
        if (!query.empty()) query += '&';
        query += "versionId=";
        s3::percent_encode(name.version_id, s3::slash::encode, query);
    }
    auto signature = who_.sign({.method = question.method,
                                .raw_path = path,
                                .raw_query = query,
                                .host = authority_,
                                .headers = question.signed_fields},
                               now);
    if (!signature) return std::unexpected(signature.error());
    fetch_request made{.target = query.empty() ? path : path + "?" + query, .fields = {}};
    made.fields.emplace_back("Host", authority_);
    made.fields.emplace_back("x-amz-date", std::move(signature->x_amz_date));
    made.fields.emplace_back("x-amz-content-sha256", std::move(signature->x_amz_content_sha256));
    if (!signature->x_amz_security_token.empty()) {
        made.fields.emplace_back("x-amz-security-token",
                                 std::move(signature->x_amz_security_token));
    }
    for (const http::header& h : question.signed_fields) made.fields.emplace_back(h.name, h.value);
    made.fields.emplace_back("Authorization", std::move(signature->authorization));
    return made;
}

}  // namespace lode::frontend::origin
