#include "tools/lode-origin/pointing.h"

#include <chrono>

#include "frontend/http/header.h"
#include "frontend/s3/query.h"

namespace lode::dev_origin {
namespace {

namespace s3 = frontend::s3;

constexpr std::chrono::seconds lifetime{300};

std::string without_signature(std::string_view query) {
    std::string kept;
    while (!query.empty()) {
        const auto cut = query.find('&');
        const std::string_view one = query.substr(0, cut);
        query = cut == std::string_view::npos ? std::string_view() : query.substr(cut + 1);
        if (frontend::http::starts_with_ignoring_case(one, "x-amz-")) continue;
        kept.append(kept.empty() ? "" : "&").append(one);
    }
    return kept;
}

}  // namespace

result<std::string> pointing::location_of(std::string_view target, wall_time now) const {
    const auto [path, raw_query] = s3::split(target);
    std::string query = without_signature(raw_query);
    if (by == point_by::signed_redirect) {
        s3::signer owner(signs, region);
        const std::string host = to.authority();
        auto presigned = owner.presign(
            {.method = "GET", .raw_path = path, .raw_query = query, .host = host, .headers = {}},
            lifetime, now);
        if (!presigned) return presigned;
        query = std::move(*presigned);
    }
    std::string location = to.url();
    location.append(path);
    if (!query.empty()) location.append("?").append(query);
    return location;
}

}  // namespace lode::dev_origin
