#include "tools/lode/object_url.h"

#include "frontend/s3/percent.h"

namespace lode::tools {

std::optional<object_url> parse_object_url(std::string_view text) {
    constexpr std::string_view scheme = "s3://";
    if (!text.starts_with(scheme)) return std::nullopt;
    text.remove_prefix(scheme.size());
    const auto slash = text.find('/');
    object_url found{.bucket = std::string(text.substr(0, slash)), .key = {}};
    if (found.bucket.empty()) return std::nullopt;
    if (slash != std::string_view::npos) found.key = text.substr(slash + 1);
    return found;
}

std::string query_for(const object_url& what, std::string_view key_is) {
    using frontend::s3::percent_encode;
    using frontend::s3::slash;
    std::string query = "bucket=";
    percent_encode(what.bucket, slash::encode, query);
    query.append("&").append(key_is).append("=");
    percent_encode(what.key, slash::encode, query);
    return query;
}

}  // namespace lode::tools
