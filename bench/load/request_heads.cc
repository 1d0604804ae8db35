#include "bench/load/request_heads.h"

#include <array>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "frontend/http/head_writer.h"
#include "frontend/s3/percent.h"

namespace lode::bench {
namespace {

namespace http = frontend::http;
namespace s3 = frontend::s3;

}  // namespace

request_heads::request_heads(const target_options& target, const data_set& data, ranges r)
    : host_(target.at.authority()), data_(data), ranges_(r) {
    if (target.who) signer_.emplace(*target.who, target.region);
    kept_.resize(std::min<std::uint64_t>(kept_most, data.objects()));
}

void request_heads::get(std::uint64_t object, const std::optional<extent>& range, wall_time now,
                        std::string& out) {
    std::array<char, 64> text;
    std::string_view range_value;
    if (range) {
        const auto end = fmt::format_to(text.data(), "bytes={}-{}", range->begin,
                                        range->begin + range->length.count() - 1);
        range_value = {text.data(), static_cast<std::size_t>(end - text.data())};
    }
    if (range && ranges_ == ranges::signed_) {
        write({.method = "GET", .object = object, .query = {}, .length = {}}, range_value, now,
              out);
        out += "\r\n";
        return;
    }

    kept& found = kept_[object % kept_.size()];
    if (found.object != object || now - found.signed_at > kept_for || now < found.signed_at) {
        write({.method = "GET", .object = object, .query = {}, .length = {}}, {}, now, found.lines);
        found.object = object;
        found.signed_at = now;
    }
    out.assign(found.lines);
    if (range) out.append("Range: ").append(range_value).append("\r\n");
    out += "\r\n";
}

void request_heads::put(std::uint64_t object, bytes length, wall_time now, std::string& out) {
    plain({.method = "PUT", .object = object, .query = {}, .length = length}, now, out);
}

void request_heads::plain(const plain_request& r, wall_time now, std::string& out) {
    write(r, {}, now, out);
    out += "\r\n";
}

// Everything but the empty line. `range` is signed, where there is one.
void request_heads::write(const plain_request& r, std::string_view range, wall_time now,
                          std::string& out) {
    path_.assign("/").append(data_.bucket());
    if (r.object) {
        std::string key;
        data_.append_key(*r.object, key);
        path_ += '/';
        s3::percent_encode(key, s3::slash::keep, path_);
    }
    const std::size_t path_length = path_.size();
    if (!r.query.empty()) path_.append("?").append(r.query);

    http::head_writer head(out);
    head.request(r.method, path_).field("Host", host_);
    if (r.method == "PUT" || r.method == "POST") head.content_length(r.length);
    if (!range.empty()) head.field("Range", range);
    if (!signer_) return;

    const http::header range_header{"range", range};
    auto signature =
        signer_->sign({.method = r.method,
                       .raw_path = std::string_view(path_).substr(0, path_length),
                       .raw_query = r.query,
                       .host = host_,
                       .headers = {&range_header, range.empty() ? std::size_t{0} : std::size_t{1}},
                       .payload_sha256 = s3::unsigned_payload},
                      now);
    LODE_ASSERT(signature.has_value());  // the path is our own
    head.field("x-amz-date", signature->x_amz_date)
        .field("x-amz-content-sha256", signature->x_amz_content_sha256);
    if (!signature->x_amz_security_token.empty()) {
        head.field("x-amz-security-token", signature->x_amz_security_token);
    }
    head.field("Authorization", signature->authorization);
}

}  // namespace lode::bench
