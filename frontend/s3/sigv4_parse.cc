// Reads a signature out of a request; sigv4_verify.cc decides whether it is right.
#include <algorithm>
#include <array>
#include <utility>

#include "frontend/s3/http_date.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"
#include "frontend/s3/sigv4_canonical.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::s3 {
namespace {

using parsed = std::expected<stated_signature, auth_failure>;

enum class query_auth : std::uint8_t { none, sigv2, sigv4 };

query_auth auth_in(std::string_view raw_query);
parsed parse_authorization(std::string_view value, std::span<const http::header> headers);
parsed parse_presigned(std::string_view raw_query);
bool take_credential(std::string_view credential, stated_signature& out);
bool well_formed(const stated_signature& stated);

}  // namespace

std::expected<stated_signature, auth_failure> parse_signature(
    std::string_view target, std::span<const http::header> headers) {
    const auto raw_query = split(target).query;
    const query_auth in_query = auth_in(raw_query);
    const auto authorization = http::find_header(headers, "authorization");
    if (!authorization && in_query == query_auth::none) {
        return std::unexpected(auth_failure::missing);
    }
    // S3 allows one mechanism per request: with two, which one counts would be a guess.
    const bool twice = http::count_header(headers, "authorization") > 1 ||
                       (authorization && in_query != query_auth::none);
    if (twice) return std::unexpected(auth_failure::malformed);
    if (in_query == query_auth::sigv2) return std::unexpected(auth_failure::unsupported);

    auto stated = authorization ? parse_authorization(http::trim(*authorization), headers)
                                : parse_presigned(raw_query);
    if (stated && !well_formed(*stated)) return std::unexpected(auth_failure::malformed);
    return stated;
}

namespace {

bool take_once(std::string& field, std::string_view value) {
    if (!field.empty() || value.empty()) return false;
    field = value;
    return true;
}

// x-amz-date, else Date in one of the forms of HTTP.
std::string timestamp_in(std::span<const http::header> headers) {
    if (http::count_header(headers, "x-amz-date") > 1) return {};
    if (const auto amz = http::find_header(headers, "x-amz-date")) {
        return std::string(http::trim(*amz));
    }
    const auto date = http::find_header(headers, "date");
    if (!date) return {};
    const auto when = parse_http_date(http::trim(*date));
    return when ? format_amz_date(*when) : std::string();
}

// AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range,
// Signature=fe5f...
parsed parse_authorization(std::string_view value, std::span<const http::header> headers) {
    if (!value.starts_with(sigv4_algorithm)) return std::unexpected(auth_failure::unsupported);
    value.remove_prefix(sigv4_algorithm.size());
    if (!value.starts_with(' ') && !value.starts_with('\t')) {
        return std::unexpected(auth_failure::unsupported);
    }

    stated_signature out{.place = signature_place::header, .timestamp = timestamp_in(headers)};
    while (!value.empty()) {
        const auto end = std::min(value.find(','), value.size());
        const auto item = http::trim(value.substr(0, end));
        const auto equals = std::min(item.find('='), item.size());
        const auto name = item.substr(0, equals);
        const auto text = item.substr(std::min(equals + 1, item.size()));
        const bool taken = name == "Credential"      ? take_credential(text, out)
                           : name == "SignedHeaders" ? take_once(out.signed_headers, text)
                           : name == "Signature"     ? take_once(out.signature, text)
                                                     : false;
        if (!taken) return std::unexpected(auth_failure::malformed);
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return out;
}

bool take_lifetime(std::string_view text, std::chrono::seconds& out) {
    constexpr std::size_t digits_max = 6;
    if (out.count() != 0 || text.empty() || text.size() > digits_max) return false;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    out = std::chrono::seconds(value);
    return value >= 1 && out <= presigned_lifetime_max;
}

parsed parse_presigned(std::string_view raw_query) {
    stated_signature out{.place = signature_place::query};
    std::string algorithm;
    for (const query_parameter& p : query(raw_query)) {
        std::string name;
        std::string value;
        if (!percent_decode(p.name, plus_sign::space, name) ||
            !percent_decode(p.value, plus_sign::space, value)) {
            return std::unexpected(auth_failure::malformed);
        }
        bool taken = true;
        if (name == "X-Amz-Algorithm") taken = take_once(algorithm, value);
        if (name == "X-Amz-Credential") taken = take_credential(value, out);
        if (name == "X-Amz-Date") taken = take_once(out.timestamp, value);
        if (name == "X-Amz-Expires") taken = take_lifetime(value, out.lifetime);
        if (name == "X-Amz-SignedHeaders") taken = take_once(out.signed_headers, value);
        if (name == "X-Amz-Signature") taken = take_once(out.signature, value);
        if (!taken) return std::unexpected(auth_failure::malformed);
    }
    if (out.lifetime.count() == 0) return std::unexpected(auth_failure::malformed);
    if (algorithm != sigv4_algorithm) return std::unexpected(auth_failure::unsupported);
    return out;
}

query_auth auth_in(std::string_view raw_query) {
    query_auth found = query_auth::none;
    for (const query_parameter& p : query(raw_query)) {
        std::array<char, 32> buffer;
        const auto name = percent_decode(p.name, plus_sign::space, buffer);
        if (!name) continue;
        if (*name == "X-Amz-Signature" || *name == "X-Amz-Algorithm") return query_auth::sigv4;
        if (*name == "AWSAccessKeyId" || *name == "Signature") found = query_auth::sigv2;
    }
    return found;
}

// access key/date/region/service/aws4_request, read from the right: an access key may contain '/'.
bool take_credential(std::string_view credential, stated_signature& out) {
    if (!out.access_key.empty()) return false;
    std::array<std::string_view, 4> fields;
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
        const auto at = credential.rfind('/');
        if (at == std::string_view::npos) return false;
        *field = credential.substr(at + 1);
        credential = credential.substr(0, at);
    }
    if (credential.empty() || fields[3] != "aws4_request") return false;
    out.access_key = credential;
    out.scope = {.date = std::string(fields[0]),
                 .region = std::string(fields[1]),
                 .service = std::string(fields[2])};
    return true;
}

// Lower-case names in ascending order, so that each occurs once.
bool sorted_header_names(std::string_view list) {
    std::string_view last;
    std::size_t count = 0;
    while (!list.empty()) {
        const auto end = std::min(list.find(';'), list.size());
        const auto name = list.substr(0, end);
        const auto usable = [](char c) { return c > ' ' && c < 0x7f && (c < 'A' || c > 'Z'); };
        if (name <= last || !std::ranges::all_of(name, usable)) return false;
        if (++count > signed_headers_max || end + 1 == list.size()) return false;
        last = name;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return count > 0;
}

bool well_formed(const stated_signature& stated) {
    const auto lower_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return !stated.access_key.empty() && sorted_header_names(stated.signed_headers) &&
           stated.signature.size() == std::tuple_size_v<sha256_hex> &&
           std::ranges::all_of(stated.signature, lower_hex) &&
           parse_amz_date(stated.timestamp).has_value();
}

}  // namespace
}  // namespace lode::frontend::s3
