#include "frontend/origin/part_fetch.h"

#include <utility>

#include "engine/runtime/core.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/s3/range.h"

namespace lode::frontend::origin {
namespace {

// Fields of the client's GET that say something about its answer only.
bool belongs_to_client(std::string_view name) {
    return http::equal_ignoring_case(name, "range") || http::equal_ignoring_case(name, "expect") ||
           http::equal_ignoring_case(name, "cache-control") ||
           http::equal_ignoring_case(name, "content-length");
}

errc meaning_of(unsigned status) {
    switch (status) {
        case 401:
        case 403: return errc::denied;
        case 404: return errc::not_found;
        case 412: return errc::changed;
        case 429:
        case 503: return errc::overloaded;
        default: return status >= 500 ? errc::unavailable : errc::protocol;
    }
}

}  // namespace

fetch_request repeat_of(const http::request_head& request) {
    fetch_request made{.target = std::string(request.target), .fields = {}};
    const http::hop_by_hop hop(request.headers);
    for (const http::header& h : request.headers) {
        if (hop.drops(h.name) || belongs_to_client(h.name)) continue;
        made.fields.emplace_back(h.name, h.value);
    }
    return made;
}

engine::task<result<>> part_fetch::fetch(part_offset first, bytes length, engine::fill_sink& sink) {
    engine::core* here = engine::core::current_or_null();
    origin_link& link = *links_.at(here == nullptr ? 0 : here->self().value());
    const object_offset begin = begins_ + bytes(first.value());
    const std::string range =
        s3::range_header({.first = begin, .last = begin + (length - bytes(1))});
    std::vector<http::header> fields = request_.headers();
    fields.push_back({.name = "Range", .value = range});
    fields.push_back({.name = "If-Match", .value = version_->etag});

    auto answer = co_await exchange::ask(
        link, {.method = "GET", .target = request_.target, .headers = fields});
    if (!answer) co_return std::unexpected(answer.error());
    if (aborted_) co_return fail(errc::cancelled);
    if (auto fits = check(answer->head(), begin, length); !fits) {
        co_await answer->discard();
        co_return fits;
    }
    current_ = &*answer;
    auto poured = co_await pour(*answer, length, sink);
    current_ = nullptr;
    if (poured) answer->finish();
    co_return poured;
}

// The answer must be about exactly the bytes and the version that were asked for.
result<> part_fetch::check(const http::response_head& head, object_offset first,
                           bytes length) const {
    const bool whole = first == object_offset(0) && length == version_->size;
    if (head.status != 206 && !(head.status == 200 && whole)) return fail(meaning_of(head.status));
    if (http::find_header(head.headers, "etag") != version_->etag) return fail(errc::changed);
    if (head.status == 206) {
        const auto text = http::find_header(head.headers, "content-range");
        const auto range = s3::parse_content_range(text.value_or(""));
        if (!range || !range->range || !range->object_size) return fail(errc::protocol);
        // Same ETag, other size: whoever described this version to us was wrong.
        if (*range->object_size != version_->size) return fail(errc::changed);
        if (range->range->first != first || range->range->length() != length) {
            return fail(errc::protocol);
        }
    }
    if (head.body != http::framing::length || head.content_length != length) {
        return fail(errc::protocol);
    }
    return {};
}

engine::task<result<>> part_fetch::pour(exchange& answer, bytes length, engine::fill_sink& sink) {
    for (bytes left = length; left > bytes(0);) {
        auto room = co_await sink.room();
        if (!room) co_return std::unexpected(room.error());
        answer.expect_progress();
        auto got = co_await answer.reader().read_body(*room);
        if (!got) co_return std::unexpected(got.error());
        if (*got == 0) co_return fail(errc::closed);
        sink.advance(*got);
        left -= bytes(*got);
    }
    co_return result<>{};
}

void part_fetch::abort() {
    aborted_ = true;
    if (current_ != nullptr) current_->stream().abort();
}

}  // namespace lode::frontend::origin
