// GetObject and HeadObject: conditions, then the range or the part, then bytes from an open file.

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/customer_key.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

// Which bytes are to be sent, and what the answer says about that.
struct selection {
    unsigned status = 200;
    object_offset first;
    bytes length;
    std::string content_range;  // empty for the whole object
    bool whole = true;
    bool by_part = false;
};

std::expected<selection, refusal> select(const call& c, const object_record& object);
std::expected<selection, refusal> select_part(const object_record& object, std::string_view text);
header_list headers_of(const call& c, const object_record& object, const selection& chosen);
void point_by_header(const call& c, header_list& headers);
engine::task<outcome> redirect(call& c, const pointing& to);
engine::task<void> send_file(call& c, const opened_object& object, const selection& chosen);
engine::task<void> answer_unsatisfiable(call& c, const object_record& object);

constexpr auto overrides = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"response-cache-control", "cache-control"},
    {"response-content-disposition", "content-disposition"},
    {"response-content-encoding", "content-encoding"},
    {"response-content-language", "content-language"},
    {"response-content-type", "content-type"},
    {"response-expires", "expires"},
});

bool overrides_headers(const call& c) {
    return std::ranges::any_of(c.query, [](const parameter& p) {
        return std::ranges::find(overrides, p.name, [](const auto& o) { return o.first; }) !=
               overrides.end();
    });
}

}  // namespace

engine::task<outcome> get_object(call& c) {
    if (c.who == nullptr && overrides_headers(c)) {
        co_return refuse(s3::s3_error::invalid_request,
                         "Request specific response headers cannot be used for anonymous GET "
                         "requests.");
    }
    auto opened = c.here.objects.open(c.where.bucket, c.where.key);
    if (!opened && opened.error().code == errc::not_found) {
        co_return missing_object(c, c.where.bucket);
    }
    if (!opened) co_return storage_failure(opened.error());
    const object_record& object = opened->record;

    const auto key = unlock(c, object);
    // radosgw compares versions before it looks at the key, and so says 304 to whoever has none.
    if (!key && !c.here.shared.quirks.sse_c_304) co_return std::unexpected(key.error());
    switch (s3::evaluate(c.head.headers, validators_of(object), s3::access::read)) {
        case s3::condition_verdict::proceed: break;
        case s3::condition_verdict::precondition_failed:
            co_return refuse(s3::s3_error::precondition_failed);
        case s3::condition_verdict::not_modified: {
            header_list headers;
            headers.push_back({"ETag", s3::quoted(object.etag)});
            headers.push_back({"Last-Modified", s3::format_http_date(object.modified)});
            point_by_header(c, headers);
            co_await c.answer.answer(304, std::move(headers));
            co_return outcome{};
        }
    }
    if (!key) co_return std::unexpected(key.error());
    const auto chosen = select(c, object);
    if (!chosen) {
        if (chosen.error().code != refusal(s3::s3_error::invalid_range).code) {
            co_return std::unexpected(chosen.error());
        }
        co_await answer_unsatisfiable(c, object);
        co_return outcome{};
    }
    const auto& points = c.here.shared.points;
    const bool carries_data = c.what == operation::get_object && chosen->length > bytes(1);
    if (points && points->redirects() && carries_data) co_return co_await redirect(c, *points);
    header_list headers = headers_of(c, object, *chosen);
    if (*key) (*key)->append_headers_to(headers);
    point_by_header(c, headers);
    c.answer.begin(chosen->status, headers, chosen->length);
    if (c.what == operation::get_object) co_await send_file(c, *opened, *chosen);
    co_return outcome{};
}

engine::task<outcome> get_object_attributes(call& c) {
    const auto opened = c.here.objects.open(c.where.bucket, c.where.key);
    if (!opened && opened.error().code == errc::not_found) {
        co_return missing_object(c, c.where.bucket);
    }
    if (!opened) co_return storage_failure(opened.error());
    const object_record& object = opened->record;
    if (auto key = unlock(c, object); !key) co_return std::unexpected(key.error());
    const std::string_view wanted = c.header("x-amz-object-attributes").value_or("");
    const auto wants = [&](std::string_view name) {
        return wanted.find(name) != std::string_view::npos;
    };

    xml_writer xml("GetObjectAttributesResponse");
    if (wants("ETag")) xml.element("ETag", object.etag);
    if (wants("ObjectParts") && !object.parts.empty()) {
        xml.open("ObjectParts").element("PartsCount", object.parts.size());
        xml.element("PartNumberMarker", 0U).element("MaxParts", object.parts.size());
        xml.element("IsTruncated", "false");
        for (std::size_t i = 0; i < object.parts.size(); ++i) {
            xml.open("Part").element("PartNumber", i + 1);
            xml.element("Size", object.parts[i].count()).close();
        }
        xml.close();
    }
    if (wants("StorageClass")) xml.element("StorageClass", "STANDARD");
    if (wants("ObjectSize")) xml.element("ObjectSize", object.size.count());
    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    headers.push_back({"Last-Modified", s3::format_http_date(object.modified)});
    co_await c.answer.answer(200, std::move(headers), xml.finish());
    co_return outcome{};
}

namespace {

std::expected<selection, refusal> select(const call& c, const object_record& object) {
    const auto range = c.header("range");
    if (const std::string* part = c.parameter_called("partNumber")) {
        if (range) {
            return refuse(s3::s3_error::invalid_request,
                          "Cannot specify both Range header and partNumber query parameter");
        }
        return select_part(object, *part);
    }
    selection chosen{.length = object.size};
    if (!range || !s3::range_applies(c.head.headers, validators_of(object))) return chosen;
    const s3::resolved_range resolved = s3::resolve(s3::parse_range(*range), object.size);
    if (resolved.outcome == s3::range_outcome::whole) return chosen;
    if (resolved.outcome == s3::range_outcome::unsatisfiable) {
        return refuse(s3::s3_error::invalid_range);
    }
    chosen.status = 206;
    chosen.first = resolved.range.first;
    chosen.length = resolved.range.length();
    chosen.content_range = s3::content_range(resolved.range, object.size);
    chosen.whole = chosen.length == object.size;
    return chosen;
}

std::expected<selection, refusal> select_part(const object_record& object, std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number == 0 ||
        number > part_number_max) {
        return refuse(s3::s3_error::invalid_argument,
                      "Part number must be an integer between 1 and 10000, inclusive");
    }
    // An object that was stored in one piece has one part.
    const std::size_t count = std::max<std::size_t>(object.parts.size(), 1);
    if (number > count) {
        return refuse(416U, "InvalidPartNumber", "The requested partnumber is not satisfiable");
    }
    selection chosen{.length = object.parts.empty() ? object.size : object.parts[number - 1]};
    for (std::size_t i = 0; i + 1 < number; ++i) chosen.first += object.parts[i];
    chosen.by_part = true;
    chosen.whole = chosen.length == object.size;
    if (chosen.length == bytes(0)) return chosen;  // Content-Range cannot say "nothing"
    chosen.status = 206;
    chosen.content_range = s3::content_range(
        {.first = chosen.first, .last = chosen.first + (chosen.length - bytes(1))}, object.size);
    return chosen;
}

header_list headers_of(const call& c, const object_record& object, const selection& chosen) {
    header_list headers;
    headers.push_back({"Last-Modified", s3::format_http_date(object.modified)});
    headers.push_back({"ETag", s3::quoted(object.etag)});
    headers.push_back({"Accept-Ranges", "bytes"});
    if (!chosen.content_range.empty()) headers.push_back({"Content-Range", chosen.content_range});
    if (chosen.by_part && !object.parts.empty()) {
        headers.push_back({"x-amz-mp-parts-count", std::to_string(object.parts.size())});
    }
    const bool checksums_wanted =
        http::equal_ignoring_case(c.header("x-amz-checksum-mode").value_or(""), "enabled");
    for (const stored_header& h : object.headers) {
        // Tags are told by number only; a checksum of the whole says nothing about a piece.
        if (h.name == "x-amz-tagging") continue;
        if (checksum_of_header(h.name) && !(checksums_wanted && chosen.whole)) continue;
        headers.push_back(h);
    }
    if (header_of(object, "content-type").empty()) {
        headers.push_back({"content-type", "binary/octet-stream"});
    }
    const auto tags = c.here.objects.tags(c.where.bucket, object);
    const auto listed = tags ? tags_from_query(*tags) : fail(errc::not_found);
    if (listed && !listed->empty()) {
        headers.push_back({"x-amz-tagging-count", std::to_string(listed->size())});
    }
    for (const auto& [name, header] : overrides) {
        const std::string* value = c.parameter_called(name);
        if (value == nullptr) continue;
        std::erase_if(headers, [&](const stored_header& h) { return h.name == header; });
        headers.push_back({std::string(header), *value});
    }
    return headers;
}

void point_by_header(const call& c, header_list& headers) {
    const auto& points = c.here.shared.points;
    if (!points || points->redirects()) return;
    headers.push_back({std::string(direct_path_header), points->to.url()});
}

engine::task<outcome> redirect(call& c, const pointing& to) {
    auto location = to.location_of(c.head.target, engine::scheduler::current().time().wall());
    if (!location) co_return refuse(s3::s3_error::internal_error);
    header_list headers;
    headers.push_back({"Location", std::move(*location)});
    headers.push_back({"Content-Type", "application/xml"});
    co_await c.answer.answer(307, std::move(headers),
                             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>"
                             "<Code>TemporaryRedirect</Code></Error>");
    co_return outcome{};
}

engine::task<void> send_file(call& c, const opened_object& object, const selection& chosen) {
    const pooled_buffer buffer = c.here.buffers.take();
    object_offset at = chosen.first;
    bytes left = chosen.length;
    while (left > bytes(0) && !c.answer.broken()) {
        const std::size_t want = std::min<std::uint64_t>(left.count(), buffer.memory().size());
        auto got = co_await read_some(object.file.get(), buffer.memory().first(want), at);
        if (!got) {
            // The head has promised these bytes; the client must see that they do not come.
            c.answer.reset();
            co_return;
        }
        co_await c.answer.write(buffer.memory().first(*got));
        at += bytes(*got);
        left -= bytes(*got);
    }
}

engine::task<void> answer_unsatisfiable(call& c, const object_record& object) {
    std::string body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InvalidRange</Code>"
        "<Message>The requested range is not satisfiable</Message><RangeRequested>";
    s3::append_xml_escaped(c.header("range").value_or(""), body);
    body += fmt::format(
        "</RangeRequested><ActualObjectSize>{}</ActualObjectSize><RequestId>{}</RequestId></Error>",
        object.size.count(), c.answer.request_id());
    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    headers.push_back({"Content-Range", s3::unsatisfied_content_range(object.size)});
    co_await c.answer.answer(416, std::move(headers), body);
}

}  // namespace
}  // namespace lode::dev_origin
