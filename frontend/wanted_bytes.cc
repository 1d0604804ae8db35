#include "frontend/wanted_bytes.h"

#include <algorithm>
#include <array>

#include "frontend/s3/etag.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"

namespace lode::frontend {
namespace {

// The version's lines but for those whose fields the client replaces.
void add_replaced(http::head_writer& writer, std::string_view lines,
                  std::span<const s3::classified::override_field> replaced) {
    while (!lines.empty()) {
        const std::size_t length = lines.find("\r\n") + 2;
        const std::string_view line = lines.substr(0, length);
        const std::string_view name = line.substr(0, line.find(':'));
        if (std::ranges::none_of(replaced, [&](const auto& field) {
                return http::equal_ignoring_case(field.name, name);
            })) {
            writer.lines(line);
        }
        lines.remove_prefix(length);
    }
    for (const auto& field : replaced) writer.field(field.name, field.value);
}

}  // namespace

std::optional<wanted_bytes> wanted_of(const request& r, const origin::object_version& version,
                                      std::optional<origin::part_extent> part) {
    using form = wanted_bytes::form;
    if (part) {
        return wanted_bytes{.what = form::numbered_part, .first = part->first, .end = part->end()};
    }
    if (const auto text = http::find_header(r.head.headers, "range")) {
        const auto range = s3::resolve(s3::parse_range(*text), version.size);
        if (range.outcome == s3::range_outcome::unsatisfiable) return std::nullopt;
        if (range.outcome == s3::range_outcome::part) {
            return wanted_bytes{.what = form::range,
                                .first = range.range.first,
                                .end = range.range.last + bytes(1)};
        }
    }
    return wanted_bytes{
        .what = form::whole, .first = object_offset(0), .end = object_offset(version.size.count())};
}

http::head_writer cached_head(client& out, const request& r, const origin::object_version& version,
                              const wanted_bytes& wanted) {
    http::head_writer writer = out.head(wanted.partial() ? 206 : 200);
    if (r.what.overrides.empty()) {
        writer.lines(version.headers);
    } else {
        add_replaced(writer, version.headers, r.what.overrides);
    }
    writer.content_length(wanted.length()).field("Accept-Ranges", "bytes");
    if (wanted.partial()) {
        const s3::byte_range range{.first = wanted.first,
                                   .last = object_offset(wanted.end.value() - 1)};
        out.scratch().clear();
        s3::append_content_range(range, version.size, out.scratch());
        writer.field("Content-Range", out.scratch());
    } else if (r.what.checksum_mode && version.checksums) {
        writer.lines(*version.checksums);
    }
    // Of an object that was not uploaded in parts S3 tells no count.
    const auto parts = s3::part_count_of(version.etag);
    if (wanted.what == wanted_bytes::form::numbered_part && parts) {
        writer.field("x-amz-mp-parts-count", std::uint64_t{*parts});
    }
    std::array<char, s3::http_date_length> date;
    writer.field("Date",
                 s3::format_http_date(std::chrono::floor<std::chrono::seconds>(r.when), date));
    writer.field("x-amz-request-id", r.id);
    return writer;
}

engine::task<void> refuse_range(client& out, const request& r, bytes size) {
    const std::string size_field = s3::unsatisfied_content_range(size);
    const http::header field{.name = "Content-Range", .value = size_field};
    auto sent = co_await out.send_error(r, s3::s3_error::invalid_range, {&field, 1});
    if (!sent) out.break_off();
}

}  // namespace lode::frontend
