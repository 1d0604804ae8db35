// ListObjects and ListObjectsV2.

#include <algorithm>
#include <charconv>

#include "frontend/s3/etag.h"
#include "frontend/s3/percent.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/storage/key_walk.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

constexpr std::size_t max_keys_max = 1000;

struct listing_call {
    listing_request wanted;
    bool url_encoding = false;
    bool with_owner = false;
};

std::expected<listing_call, refusal> parse(const call& c);
void append_items(const call& c, const listing_call& asked, const listing_page& page,
                  xml_writer& xml);

// Keys may hold what XML cannot; with encoding-type=url it does not matter.
std::string spelled(const std::string& name, const listing_call& asked) {
    if (!asked.url_encoding) return name;
    std::string encoded;
    s3::percent_encode(name, s3::slash::keep, encoded);
    return encoded;
}

}  // namespace

engine::task<outcome> list_objects(call& c) {
    const bool second = c.what == operation::list_objects_v2;
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    const auto asked = parse(c);
    if (!asked) co_return std::unexpected(asked.error());
    const listing_page page = list_keys(c.here.shared.where.objects(c.where.bucket), asked->wanted);

    xml_writer xml("ListBucketResult");
    xml.element("Name", c.where.bucket);
    xml.element("Prefix", spelled(asked->wanted.prefix, *asked));
    if (!asked->wanted.delimiter.empty()) {
        xml.element("Delimiter", spelled(asked->wanted.delimiter, *asked));
    }
    if (asked->url_encoding) xml.element("EncodingType", "url");
    xml.element("MaxKeys", asked->wanted.max_keys);
    xml.element("IsTruncated", page.truncated ? "true" : "false");
    if (second) {
        xml.element("KeyCount", page.items.size());
        if (const std::string* token = c.parameter_called("continuation-token")) {
            xml.element("ContinuationToken", *token);
        }
        if (const std::string* after = c.parameter_called("start-after")) {
            xml.element("StartAfter", spelled(*after, *asked));
        }
        if (page.truncated) {
            xml.element("NextContinuationToken", to_hex(page.items.back().name));
        }
    } else {
        xml.element("Marker", spelled(c.value_of("marker"), *asked));
        if (page.truncated) xml.element("NextMarker", spelled(page.items.back().name, *asked));
    }
    append_items(c, *asked, page, xml);
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

namespace {

std::expected<listing_call, refusal> parse(const call& c) {
    listing_call asked;
    asked.wanted.prefix = c.value_of("prefix");
    asked.wanted.delimiter = c.value_of("delimiter");
    const bool second = c.what == operation::list_objects_v2;
    asked.with_owner = !second || c.value_of("fetch-owner") == "true";

    if (const std::string* encoding = c.parameter_called("encoding-type")) {
        if (!http::equal_ignoring_case(*encoding, "url")) {
            return refuse(s3::s3_error::invalid_argument,
                          "Invalid Encoding Method specified in Request");
        }
        asked.url_encoding = true;
    }
    if (const std::string* text = c.parameter_called("max-keys")) {
        std::uint32_t number = 0;
        const auto [end, failed] =
            std::from_chars(text->data(), text->data() + text->size(), number);
        if (failed != std::errc() || end != text->data() + text->size()) {
            return refuse(s3::s3_error::invalid_argument,
                          "Provided max-keys not an integer or within integer range");
        }
        asked.wanted.max_keys = std::min<std::size_t>(number, max_keys_max);
    }
    asked.wanted.after = c.value_of(second ? "start-after" : "marker");
    if (const std::string* token = second ? c.parameter_called("continuation-token") : nullptr) {
        auto name = from_hex(*token);
        if (!name || name->empty()) {
            return refuse(s3::s3_error::invalid_argument,
                          "The continuation token provided is incorrect");
        }
        asked.wanted.after = std::move(*name);
    }
    return asked;
}

void append_items(const call& c, const listing_call& asked, const listing_page& page,
                  xml_writer& xml) {
    for (const listing_page::item& item : page.items) {
        if (item.is == listing_page::item::kind::common_prefix) continue;
        const auto opened = c.here.objects.open(c.where.bucket, item.name);
        if (!opened) continue;  // deleted since the folder was read
        const object_record& object = opened->record;
        xml.open("Contents").element("Key", spelled(item.name, asked));
        xml.element("LastModified", iso_date(object.modified));
        xml.element("ETag", s3::quoted(object.etag));
        xml.element("Size", object.size.count());
        if (asked.with_owner) {
            xml.open("Owner").element("ID", object.owner);
            xml.element("DisplayName", object.owner).close();
        }
        const std::string_view storage = header_of(object, "x-amz-storage-class");
        xml.element("StorageClass", storage.empty() ? "STANDARD" : storage).close();
    }
    for (const listing_page::item& item : page.items) {
        if (item.is != listing_page::item::kind::common_prefix) continue;
        xml.open("CommonPrefixes").element("Prefix", spelled(item.name, asked)).close();
    }
}

}  // namespace
}  // namespace lode::dev_origin
