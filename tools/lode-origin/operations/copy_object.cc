// CopyObject. A copy onto itself replaces the metadata and nothing else: the ETag and the sizes of
// the parts stay, Last-Modified is new.

#include "frontend/s3/etag.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/operations/copy_source.h"
#include "tools/lode-origin/operations/store_upload.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

// The headers of the new object, as the two directives say.
std::expected<header_list, refusal> headers_of_copy(const call& c, const copy_source& source) {
    auto stated = storable_headers(c.head.headers);
    if (!stated) return stated;
    const auto replaces = [&](std::string_view directive) {
        return http::equal_ignoring_case(c.header(directive).value_or("COPY"), "REPLACE");
    };
    const bool new_metadata = replaces("x-amz-metadata-directive");
    const bool new_tags = replaces("x-amz-tagging-directive");

    header_list headers;
    for (const stored_header& h : source.object.record.headers) {
        if (h.name == "x-amz-tagging") continue;
        // Checksums are of the bytes, which stay; the storage class is never copied.
        const bool of_bytes = checksum_of_header(h.name).has_value();
        if (of_bytes || (!new_metadata && h.name != "x-amz-storage-class")) headers.push_back(h);
    }
    for (stored_header& h : *stated) {
        const bool is_tagging = h.name == "x-amz-tagging";
        const bool taken = is_tagging ? new_tags : new_metadata || h.name == "x-amz-storage-class";
        if (taken) headers.push_back(std::move(h));
    }
    if (!new_tags) {
        auto tags = c.here.objects.tags(source.bucket, source.object.record);
        if (!tags) return storage_failure(tags.error());
        if (!tags->empty()) headers.push_back({"x-amz-tagging", std::move(*tags)});
    }
    return headers;
}

bool changes_something(const call& c) {
    return c.header("x-amz-metadata-directive").value_or("") == "REPLACE" ||
           c.header("x-amz-tagging-directive").value_or("") == "REPLACE" ||
           c.header("x-amz-storage-class") || c.header("x-amz-website-redirect-location");
}

}  // namespace

engine::task<outcome> copy_object(call& c) {
    if (auto allowed = check_target(c); !allowed) co_return allowed;
    auto source = open_copy_source(c);
    if (!source) co_return std::unexpected(source.error());
    const bool onto_itself = source->bucket == c.where.bucket && source->key == c.where.key;
    if (onto_itself && !changes_something(c)) {
        co_return refuse(s3::s3_error::invalid_request,
                         "This copy request is illegal because it is trying to copy an object to "
                         "itself without changing the object's metadata, storage class, website "
                         "redirect location or encryption attributes.");
    }
    auto headers = headers_of_copy(c, *source);
    if (!headers) co_return std::unexpected(headers.error());

    auto writer = c.here.objects.begin();
    if (!writer) co_return storage_failure(writer.error());
    object_record record = source->object.record;
    auto md5 = co_await copy_data(c, source->object, object_offset(0), record.size, *writer);
    if (!md5) co_return std::unexpected(md5.error());
    if (!onto_itself) {
        record.etag = to_hex(*md5);
        record.parts.clear();
    }
    record.key = c.where.key;
    record.modified = wall_seconds();
    record.owner = c.owner_name();
    record.incarnation = random_name();
    record.headers = std::move(*headers);
    if (auto done = co_await publish(c, *writer, record); !done) co_return done;

    xml_writer xml("CopyObjectResult");
    xml.element("LastModified", iso_date(record.modified));
    xml.element("ETag", s3::quoted(record.etag));
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

}  // namespace lode::dev_origin
