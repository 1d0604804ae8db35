#include "frontend/origin/redirect.h"

#include <algorithm>

#include "frontend/s3/query.h"

namespace lode::frontend::origin {
namespace {

constexpr std::size_t location_length_max = 8192;

bool is_target(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool has_signature(std::string_view query) {
    for (const s3::query_parameter& p : s3::query(query)) {
        if (http::equal_ignoring_case(p.name, "X-Amz-Signature")) return true;
        if (http::equal_ignoring_case(p.name, "Signature")) return true;
    }
    return false;
}

}  // namespace

std::optional<redirect> redirect_of(const http::response_head& head) {
    if (!is_redirect(head.status)) return std::nullopt;
    if (http::find_header(head.headers, "x-amz-bucket-region")) return std::nullopt;
    std::string_view text = http::find_header(head.headers, "location").value_or("");
    if (text.size() > location_length_max || !is_target(text)) return std::nullopt;
    text = text.substr(0, text.find('#'));

    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const auto authority_end = std::min(text.find_first_of("/?", scheme_end + 3), text.size());
    auto where = http::endpoint::parse(text.substr(0, authority_end));
    if (!where) return std::nullopt;

    redirect made{.where = std::move(*where), .target = std::string(text.substr(authority_end))};
    if (!made.target.starts_with('/')) made.target.insert(0, "/");
    made.carries_signature = has_signature(s3::split(made.target).query);
    return made;
}

std::string direct_path_of(std::span<const http::header> headers) {
    const auto text = http::find_header(headers, direct_path_header);
    if (!text || !http::endpoint::parse(*text)) return {};
    return std::string(*text);
}

}  // namespace lode::frontend::origin
