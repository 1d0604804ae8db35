#include "tools/lode-origin/operations/copy_source.h"

#include <algorithm>
#include <array>

#include "frontend/s3/percent.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {
namespace {

// The conditions on the source under the names that the rules know.
std::vector<http::header> conditions_on_source(const call& c) {
    constexpr auto names = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"x-amz-copy-source-if-match", "If-Match"},
        {"x-amz-copy-source-if-none-match", "If-None-Match"},
        {"x-amz-copy-source-if-modified-since", "If-Modified-Since"},
        {"x-amz-copy-source-if-unmodified-since", "If-Unmodified-Since"},
    });
    std::vector<http::header> conditions;
    for (const auto& [stated, meant] : names) {
        if (const auto value = c.header(stated)) conditions.push_back({meant, *value});
    }
    return conditions;
}

}  // namespace

std::expected<copy_source, refusal> open_copy_source(const call& c) {
    std::string_view text = c.header("x-amz-copy-source").value_or("");
    const auto question = text.find("?versionId=");
    const std::string_view version =
        question == std::string_view::npos ? "null" : text.substr(question + 11);
    text = text.substr(0, question);
    if (text.starts_with('/')) text.remove_prefix(1);

    std::string decoded;
    if (!s3::percent_decode(text, s3::plus_sign::literal, decoded)) {
        return refuse(s3::s3_error::invalid_argument,
                      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    }
    const auto slash = decoded.find('/');
    const bool names_both = slash != std::string::npos && slash + 1 < decoded.size();
    if (!names_both || decoded.find('\0') != std::string::npos ||
        decoded.size() - slash - 1 > s3::key_length_max) {
        return refuse(s3::s3_error::invalid_argument,
                      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    }
    std::string bucket = decoded.substr(0, slash);
    std::string key = decoded.substr(slash + 1);
    if (!c.may(action::read, bucket, key)) return refuse(s3::s3_error::access_denied);
    if (version != "null") return refuse(s3::s3_error::no_such_version);
    if (!is_bucket_name(bucket)) return refuse(s3::s3_error::no_such_bucket);

    auto opened = c.here.objects.open(bucket, key);
    if (!opened && opened.error().code == errc::not_found) return missing_object(c, bucket);
    if (!opened) return storage_failure(opened.error());
    if (!opened->record.lock.empty()) {
        return refuse(s3::s3_error::invalid_request,
                      "The object was stored using a form of Server Side Encryption. The correct "
                      "parameters must be provided to retrieve the object.");
    }
    const auto conditions = conditions_on_source(c);
    if (s3::evaluate(conditions, validators_of(opened->record), s3::access::read) !=
        s3::condition_verdict::proceed) {
        return refuse(s3::s3_error::precondition_failed);
    }
    return copy_source{
        .bucket = std::move(bucket), .key = std::move(key), .object = std::move(*opened)};
}

engine::task<std::expected<std::string, refusal>> copy_data(call& c, const opened_object& from,
                                                            object_offset first, bytes length,
                                                            object_writer& into) {
    const pooled_buffer buffer = c.here.buffers.take();
    checksum md5(checksum_kind::md5);
    while (length > bytes(0)) {
        const std::size_t want = std::min<std::uint64_t>(buffer.memory().size(), length.count());
        auto got = co_await read_some(from.file.get(), buffer.memory().first(want), first);
        if (!got) co_return storage_failure(got.error());
        const auto piece = buffer.memory().first(*got);
        md5.add(piece);
        auto written = co_await into.append(piece);
        if (!written) co_return storage_failure(written.error());
        first += bytes(*got);
        length -= bytes(*got);
    }
    co_return md5.finish();
}

}  // namespace lode::dev_origin
