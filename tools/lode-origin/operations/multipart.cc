// Multipart uploads: begin, store or copy parts, complete, abort. Completing concatenates the parts
// into one file and remembers their sizes.

#include <algorithm>
#include <charconv>

#include "engine/base/log.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/range.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/customer_key.h"
#include "tools/lode-origin/operations/copy_source.h"
#include "tools/lode-origin/operations/store_upload.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

constexpr bytes object_length_max{5ULL << 40U};

struct part_place {
    std::string upload_id;
    std::uint32_t number = 0;
    std::optional<customer_key> key;  // that every part of the upload must bring
};
std::expected<part_place, refusal> place_of_part(const call& c);
engine::task<outcome> store_part(call& c, const part_place& place, object_writer& writer,
                                 const std::string& md5);
std::expected<object_record, refusal> check_parts(const call& c, const std::string& id,
                                                  const std::vector<listed_part>& listed);

// The upload that the request speaks of, if it is one of this key.
std::expected<object_record, refusal> find_upload(const call& c, const std::string& id) {
    auto begun = c.here.uploads.find(c.where.bucket, id);
    if (!begun && begun.error().code == errc::not_found) {
        return refuse(c.here.buckets.exists(c.where.bucket) ? s3::s3_error::no_such_upload
                                                            : s3::s3_error::no_such_bucket);
    }
    if (!begun) return storage_failure(begun.error());
    if (begun->key != c.where.key) return refuse(s3::s3_error::no_such_upload);
    return std::move(*begun);
}

}  // namespace

engine::task<outcome> create_multipart_upload(call& c) {
    auto kept = storable_headers(c.head.headers, customer_keys::handled);
    if (!kept) co_return std::unexpected(kept.error());
    const auto key = customer_key_of(c);
    if (!key) co_return std::unexpected(key.error());
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    object_record record{.key = c.where.key,
                         .modified = wall_seconds(),
                         .owner = c.owner_name(),
                         .lock = *key ? (*key)->new_lock() : std::string(),
                         .headers = std::move(*kept)};
    const auto id = co_await c.here.uploads.begin(c.where.bucket, std::move(record));
    if (!id) co_return storage_failure(id.error());

    xml_writer xml("InitiateMultipartUploadResult");
    xml.element("Bucket", c.where.bucket).element("Key", c.where.key).element("UploadId", *id);
    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    if (*key) (*key)->append_headers_to(headers);
    for (const std::string_view name : {"x-amz-checksum-algorithm", "x-amz-checksum-type"}) {
        if (const auto value = c.header(name)) {
            headers.push_back({std::string(name), std::string(*value)});
        }
    }
    co_await c.answer.answer(200, std::move(headers), xml.finish());
    co_return outcome{};
}

engine::task<outcome> upload_part(call& c) {
    const auto place = place_of_part(c);
    if (!place) co_return std::unexpected(place.error());
    auto upload = co_await receive_upload(c);
    if (!upload) co_return std::unexpected(upload.error());
    auto stored = co_await store_part(c, *place, upload->writer, upload->md5);
    if (!stored) co_return stored;

    header_list headers = upload->checksums;
    if (place->key) place->key->append_headers_to(headers);
    headers.push_back({"ETag", s3::quoted(to_hex(upload->md5))});
    co_await c.answer.answer(200, std::move(headers));
    co_return outcome{};
}

engine::task<outcome> upload_part_copy(call& c) {
    const auto place = place_of_part(c);
    if (!place) co_return std::unexpected(place.error());
    auto source = open_copy_source(c);
    if (!source) co_return std::unexpected(source.error());
    const bytes size = source->object.record.size;
    object_offset first(0);
    bytes length = size;
    if (const auto text = c.header("x-amz-copy-source-range")) {
        const s3::range_request range = s3::parse_range(*text);
        // Unlike Range, this one must be written out and must lie within the source.
        if (range.form != s3::range_form::first_last) {
            co_return refuse(s3::s3_error::invalid_argument,
                             "The x-amz-copy-source-range value must be of the form "
                             "bytes=first-last");
        }
        if (range.last >= size.count()) {
            co_return refuse(s3::s3_error::invalid_argument,
                             "Range specified is not valid for the source object");
        }
        first = object_offset(range.first);
        length = bytes(range.last - range.first + 1);
    }
    auto writer = c.here.objects.begin();
    if (!writer) co_return storage_failure(writer.error());
    auto md5 = co_await copy_data(c, source->object, first, length, *writer);
    if (!md5) co_return std::unexpected(md5.error());
    auto stored = co_await store_part(c, *place, *writer, *md5);
    if (!stored) co_return stored;

    xml_writer xml("CopyPartResult");
    xml.element("LastModified", iso_date(wall_seconds()));
    xml.element("ETag", s3::quoted(to_hex(*md5)));
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

engine::task<outcome> complete_multipart_upload(call& c) {
    const std::string id = *c.parameter_called("uploadId");
    const auto begun = find_upload(c, id);
    if (!begun) co_return std::unexpected(begun.error());
    auto body = co_await read_small_body(c);
    if (!body) co_return std::unexpected(body.error());
    const auto listed = parse_complete_upload(*body);
    if (!listed) co_return refuse(s3::s3_error::malformed_xml);
    auto record = check_parts(c, id, *listed);
    if (!record) co_return std::unexpected(record.error());
    record->key = c.where.key;
    record->owner = begun->owner;
    record->headers = begun->headers;
    record->lock = begun->lock;

    auto writer = c.here.objects.begin();
    if (!writer) co_return storage_failure(writer.error());
    {
        const pooled_buffer buffer = c.here.buffers.take();
        for (const listed_part& part : *listed) {
            auto opened = c.here.uploads.open_part(c.where.bucket, id, part.number);
            if (!opened) {
                co_return storage_failure(opened.error(), s3::s3_error::no_such_upload);
            }
            // It may have been replaced since it was checked.
            if (opened->record.etag != s3::unquoted(part.etag)) {
                co_return refuse(s3::s3_error::invalid_part);
            }
            auto copied = co_await writer->append_from(opened->file.get(), object_offset(0),
                                                       opened->record.size, buffer.memory());
            if (!copied) co_return storage_failure(copied.error());
        }
    }
    record->modified = wall_seconds();
    record->incarnation = random_name();
    if (auto done = co_await publish(c, *writer, *record); !done) co_return done;
    // The object is there; an upload that stays behind only takes space until it is aborted.
    const auto removed = c.here.uploads.remove(c.where.bucket, id);
    if (!removed) log::warning("upload {} stays behind: {}", id, describe(removed.error()));

    const std::string host(c.header("host").value_or(""));
    xml_writer xml("CompleteMultipartUploadResult");
    xml.element("Location", "http://" + host + std::string(c.answer.resource()));
    xml.element("Bucket", c.where.bucket).element("Key", c.where.key);
    xml.element("ETag", s3::quoted(record->etag));
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

engine::task<outcome> abort_multipart_upload(call& c) {
    const std::string id = *c.parameter_called("uploadId");
    const auto begun = find_upload(c, id);
    if (!begun) co_return std::unexpected(begun.error());
    const auto removed = c.here.uploads.remove(c.where.bucket, id);
    if (!removed) co_return storage_failure(removed.error(), s3::s3_error::no_such_upload);
    co_await c.answer.answer(204, {});
    co_return outcome{};
}

namespace {

std::expected<part_place, refusal> place_of_part(const call& c) {
    part_place place{.upload_id = *c.parameter_called("uploadId")};
    const std::string* text = c.parameter_called("partNumber");
    if (text == nullptr) return refuse(s3::s3_error::invalid_argument, "partNumber is missing");
    const auto [end, failed] =
        std::from_chars(text->data(), text->data() + text->size(), place.number);
    if (failed != std::errc() || end != text->data() + text->size() || place.number == 0 ||
        place.number > part_number_max) {
        return refuse(s3::s3_error::invalid_argument,
                      "Part number must be an integer between 1 and 10000, inclusive");
    }
    auto begun = find_upload(c, place.upload_id);
    if (!begun) return std::unexpected(begun.error());
    auto key = unlock(c, *begun);
    if (!key) return std::unexpected(key.error());
    place.key = std::move(*key);
    return place;
}

engine::task<outcome> store_part(call& c, const part_place& place, object_writer& writer,
                                 const std::string& md5) {
    object_record record{.key = c.where.key,
                         .etag = to_hex(md5),
                         .size = writer.written(),
                         .modified = wall_seconds(),
                         .owner = c.owner_name(),
                         .incarnation = random_name()};
    auto finished = co_await writer.finish(record, c.here.shared.keep);
    if (!finished) co_return storage_failure(finished.error());
    const auto published =
        c.here.uploads.publish_part(c.where.bucket, place.upload_id, place.number, writer);
    if (!published) co_return storage_failure(published.error(), s3::s3_error::no_such_upload);
    co_return outcome{};
}

// The record of the object that the listed parts make: ETag, size and the parts' sizes.
std::expected<object_record, refusal> check_parts(const call& c, const std::string& id,
                                                  const std::vector<listed_part>& listed) {
    object_record record;
    std::string digests;
    const auto not_ascending = [](const listed_part& a, const listed_part& b) {
        return a.number >= b.number;
    };
    if (std::ranges::adjacent_find(listed, not_ascending) != listed.end()) {
        return refuse(s3::s3_error::invalid_part_order);
    }
    for (const listed_part& part : listed) {
        const auto opened = c.here.uploads.open_part(c.where.bucket, id, part.number);
        if (!opened || opened->record.etag != s3::unquoted(part.etag)) {
            return refuse(s3::s3_error::invalid_part);
        }
        const bool is_last = &part == &listed.back();
        if (!is_last && opened->record.size < c.here.shared.part_length_min) {
            return refuse(s3::s3_error::entity_too_small);
        }
        record.size += opened->record.size;
        record.parts.push_back(opened->record.size);
        digests += from_hex(opened->record.etag).value_or("");
    }
    if (record.size > object_length_max) return refuse(s3::s3_error::entity_too_large);
    checksum md5(checksum_kind::md5);
    md5.add(std::as_bytes(std::span(digests)));
    record.etag = to_hex(md5.finish()) + "-" + std::to_string(listed.size());
    return record;
}

}  // namespace
}  // namespace lode::dev_origin
