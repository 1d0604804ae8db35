// ListParts and ListMultipartUploads.

#include <algorithm>
#include <charconv>

#include "frontend/s3/etag.h"
#include "frontend/s3/percent.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

constexpr std::uint32_t page_length_max = 1000;

// A number from the query; the default when there is none.
std::expected<std::uint32_t, refusal> number_of(const call& c, std::string_view name,
                                                std::uint32_t otherwise) {
    const std::string* text = c.parameter_called(name);
    if (text == nullptr || text->empty()) return otherwise;
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (failed != std::errc() || end != text->data() + text->size()) {
        return refuse(s3::s3_error::invalid_argument);
    }
    return number;
}

void append_owner(xml_writer& xml, std::string_view owner) {
    xml.open("Initiator").element("ID", owner).element("DisplayName", owner).close();
    xml.open("Owner").element("ID", owner).element("DisplayName", owner).close();
    xml.element("StorageClass", "STANDARD");
}

}  // namespace

engine::task<outcome> list_parts(call& c) {
    const std::string id = c.value_of("uploadId");
    const auto begun = c.here.uploads.find(c.where.bucket, id);
    if (!begun || begun->key != c.where.key) co_return refuse(s3::s3_error::no_such_upload);
    const auto marker = number_of(c, "part-number-marker", 0);
    if (!marker) co_return std::unexpected(marker.error());
    const auto asked = number_of(c, "max-parts", page_length_max);
    if (!asked) co_return std::unexpected(asked.error());
    const std::uint32_t most = std::min(*asked, page_length_max);
    const auto numbers = c.here.uploads.part_numbers(c.where.bucket, id);
    if (!numbers) co_return refuse(s3::s3_error::no_such_upload);

    xml_writer xml("ListPartsResult");
    xml.element("Bucket", c.where.bucket).element("Key", c.where.key).element("UploadId", id);
    append_owner(xml, begun->owner);
    xml.element("PartNumberMarker", *marker).element("MaxParts", most);
    std::uint32_t listed = 0;
    std::uint32_t last = 0;
    bool truncated = false;
    for (auto at = std::ranges::upper_bound(*numbers, *marker); at != numbers->end(); ++at) {
        if (listed == most) {
            truncated = true;
            break;
        }
        const auto part = c.here.uploads.open_part(c.where.bucket, id, *at);
        if (!part) continue;
        xml.open("Part").element("PartNumber", *at);
        xml.element("LastModified", iso_date(part->record.modified));
        xml.element("ETag", s3::quoted(part->record.etag));
        xml.element("Size", part->record.size.count()).close();
        ++listed;
        last = *at;
    }
    xml.element("NextPartNumberMarker", last);
    xml.element("IsTruncated", truncated ? "true" : "false");
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

engine::task<outcome> list_multipart_uploads(call& c) {
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    const auto asked = number_of(c, "max-uploads", page_length_max);
    if (!asked) co_return std::unexpected(asked.error());
    const std::uint32_t most = std::min(*asked, page_length_max);
    const std::string prefix = c.value_of("prefix");
    const std::string delimiter = c.value_of("delimiter");
    const std::string key_marker = c.value_of("key-marker");
    const std::string id_marker = c.value_of("upload-id-marker");
    const bool url_encoding = c.value_of("encoding-type") == "url";
    const auto spelled = [&](const std::string& name) {
        if (!url_encoding) return name;
        std::string encoded;
        s3::percent_encode(name, s3::slash::keep, encoded);
        return encoded;
    };
    const auto all = c.here.uploads.all(c.where.bucket);
    if (!all) co_return storage_failure(all.error(), s3::s3_error::no_such_bucket);

    xml_writer xml("ListMultipartUploadsResult");
    xml.element("Bucket", c.where.bucket).element("KeyMarker", spelled(key_marker));
    xml.element("UploadIdMarker", id_marker).element("Prefix", spelled(prefix));
    if (!delimiter.empty()) xml.element("Delimiter", spelled(delimiter));
    if (url_encoding) xml.element("EncodingType", "url");
    xml.element("MaxUploads", most);
    std::vector<std::string> common;
    std::uint32_t listed = 0;
    const upload* last = nullptr;
    bool truncated = false;
    for (const upload& u : *all) {
        const std::string& key = u.record.key;
        if (!key.starts_with(prefix) || key < key_marker) continue;
        // Without an id, the marker's key is behind us as a whole.
        if (!key_marker.empty() && key == key_marker && (id_marker.empty() || u.id <= id_marker)) {
            continue;
        }
        const auto cut = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
        if (cut != std::string::npos) {
            std::string group = key.substr(0, cut + delimiter.size());
            if (common.empty() || common.back() != group) common.push_back(std::move(group));
            continue;
        }
        if (listed == most) {
            truncated = true;
            break;
        }
        xml.open("Upload").element("Key", spelled(key)).element("UploadId", u.id);
        append_owner(xml, u.record.owner);
        xml.element("Initiated", iso_date(u.record.modified)).close();
        ++listed;
        last = &u;
    }
    for (const std::string& group : common) {
        xml.open("CommonPrefixes").element("Prefix", spelled(group)).close();
    }
    if (truncated && last != nullptr) {
        xml.element("NextKeyMarker", spelled(last->record.key));
        xml.element("NextUploadIdMarker", last->id);
    }
    xml.element("IsTruncated", truncated ? "true" : "false");
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

}  // namespace lode::dev_origin
