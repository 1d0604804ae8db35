#include "frontend/s3/sigv4.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/sigv4_canonical.h"

namespace lode::frontend::s3 {
namespace {

// wall_time reaches from 1677 to 2262, and whatever a client writes is added to and compared.
constexpr int year_min = 1970;
constexpr int year_max = 2200;
constexpr std::size_t date_length = 8;  // of "20130524T000000Z"

// "host;range;x-amz-date"
std::string sorted_names(std::span<const http::header> headers);

}  // namespace

signer::signer(credentials who, std::string region) : who_(std::move(who)) {
    scope_.region = std::move(region);
}

signer::~signer() {
    wipe(who_.secret_key);
    wipe(who_.session_token);
    wipe(key_);
}

result<signature_headers> signer::sign(const request_to_sign& request, wall_time now) {
    signature_headers out{.x_amz_date = format_amz_date(now),
                          .x_amz_content_sha256 = std::string(request.payload_sha256),
                          .x_amz_security_token = who_.session_token,
                          .authorization = {},
                          .signature = {}};
    use_day_of(out.x_amz_date);

    std::vector<http::header> headers(request.headers.begin(), request.headers.end());
    headers.push_back({"host", request.host});
    headers.push_back({"x-amz-content-sha256", out.x_amz_content_sha256});
    headers.push_back({"x-amz-date", out.x_amz_date});
    if (!who_.session_token.empty()) {
        headers.push_back({"x-amz-security-token", out.x_amz_security_token});
    }
    const std::string names = sorted_names(headers);

    auto text = canonical_text({.method = request.method,
                                .raw_path = request.raw_path,
                                .raw_query = request.raw_query,
                                .headers = headers,
                                .signed_headers = names,
                                .payload_sha256 = request.payload_sha256});
    if (!text) return std::unexpected(text.error());
    const auto signature = to_hex(hmac_sha256(key_, string_to_sign(out.x_amz_date, scope_, *text)));
    wipe(*text);  // among the headers may be a customer's key
    out.authorization =
        fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", sigv4_algorithm,
                    who_.access_key, scope_.text(), names, view_of(signature));
    out.signature = view_of(signature);
    return out;
}

chunk_seed signer::seed_for_chunks(const signature_headers& head) {
    use_day_of(head.x_amz_date);
    return {.timestamp = head.x_amz_date,
            .scope = scope_,
            .signature = head.signature,
            .signing_key = key_};
}

result<std::string> signer::presign(const request_to_sign& request, std::chrono::seconds lifetime,
                                    wall_time now) {
    if (lifetime < std::chrono::seconds(1) || lifetime > presigned_lifetime_max) {
        return fail(errc::invalid);
    }
    const std::string timestamp = format_amz_date(now);
    use_day_of(timestamp);

    std::vector<http::header> headers(request.headers.begin(), request.headers.end());
    headers.push_back({"host", request.host});
    const std::string names = sorted_names(headers);

    std::string out(request.raw_query);
    const auto add = [&out](std::string_view name, std::string_view value) {
        if (!out.empty()) out += '&';
        out.append(name).append("=");
        percent_encode(value, slash::encode, out);
    };
    add("X-Amz-Algorithm", sigv4_algorithm);
    add("X-Amz-Credential", fmt::format("{}/{}", who_.access_key, scope_.text()));
    add("X-Amz-Date", timestamp);
    add("X-Amz-Expires", fmt::format("{}", lifetime.count()));
    add("X-Amz-SignedHeaders", names);
    if (!who_.session_token.empty()) add("X-Amz-Security-Token", who_.session_token);

    const auto text = canonical_text({.method = request.method,
                                      .raw_path = request.raw_path,
                                      .raw_query = out,
                                      .headers = headers,
                                      .signed_headers = names,
                                      .payload_sha256 = unsigned_payload});
    if (!text) return std::unexpected(text.error());
    const auto signature = to_hex(hmac_sha256(key_, string_to_sign(timestamp, scope_, *text)));
    add("X-Amz-Signature", view_of(signature));
    return out;
}

void signer::use_day_of(std::string_view timestamp) {
    const auto date = timestamp.substr(0, date_length);
    if (scope_.date == date) return;
    scope_.date = date;
    key_ = derive_signing_key(who_.secret_key, scope_);
}

std::string credential_scope::text() const {
    return fmt::format("{}/{}/{}/aws4_request", date, region, service);
}

sha256_digest derive_signing_key(std::string_view secret_key, const credential_scope& scope) {
    std::string start = fmt::format("AWS4{}", secret_key);
    sha256_digest key = hmac_sha256(
        {reinterpret_cast<const std::uint8_t*>(start.data()), start.size()}, scope.date);
    wipe(start);
    key = hmac_sha256(key, scope.region);
    key = hmac_sha256(key, scope.service);
    return hmac_sha256(key, "aws4_request");
}

std::string format_amz_date(wall_time when) {
    using namespace std::chrono;
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss time{floor<seconds>(when) - day};
    const int year = static_cast<int>(date.year());
    LODE_ASSERT(year >= 0 && year <= 9999);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", year,
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::optional<std::chrono::sys_seconds> parse_amz_date(std::string_view text) {
    using namespace std::chrono;
    if (text.size() != 16 || text[date_length] != 'T' || text[15] != 'Z') return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t count) -> int {
        int value = 0;
        for (const char c : text.substr(at, count)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const int year_number = number(0, 4);
    const int month_number = number(4, 2);
    const int day_number = number(6, 2);
    const int hour = number(9, 2);
    const int minute = number(11, 2);
    const int second = number(13, 2);
    if (year_number < year_min || year_number > year_max) return std::nullopt;
    if (month_number < 0 || day_number < 0) return std::nullopt;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return std::nullopt;
    }
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                              day(static_cast<unsigned>(day_number))};
    if (!date.ok()) return std::nullopt;
    return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

namespace {

std::string sorted_names(std::span<const http::header> headers) {
    std::vector<std::string> names;
    names.reserve(headers.size());
    for (const http::header& h : headers) {
        std::string& name = names.emplace_back(h.name);
        std::ranges::transform(name, name.begin(), http::ascii_lower);
    }
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return fmt::format("{}", fmt::join(names, ";"));
}

}  // namespace
}  // namespace lode::frontend::s3
