#include "frontend/origin/part_fetch.h"

#include <charconv>
#include <utility>

#include "engine/runtime/core.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/origin/retry.h"
#include "frontend/s3/http_date.h"
#include "frontend/s3/range.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

// Fields of the client's GET that say something about its answer only.
bool belongs_to_client(std::string_view name) {
    return http::equal_ignoring_case(name, "range") || http::equal_ignoring_case(name, "expect") ||
           http::equal_ignoring_case(name, "cache-control") ||
           http::equal_ignoring_case(name, "content-length");
}

errc code_for(unsigned status) {
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

// What another attempt may make good: the way there, and an origin that is busy or broken.
bool may_pass(errc code) {
    switch (code) {
        case errc::io:
        case errc::closed:
        case errc::timed_out:
        case errc::unavailable:
        case errc::overloaded: return true;
        default: return false;
    }
}

// Retry-After: seconds, or a date (RFC 9110, section 10.2.3).
std::optional<duration> wait_asked_for(const http::response_head& head) {
    const auto text = http::find_header(head.headers, "retry-after");
    if (!text) return std::nullopt;
    std::uint32_t seconds = 0;
    const std::string_view digits = *text;
    const char* end = digits.data() + digits.size();
    if (const auto read = std::from_chars(digits.begin(), end, seconds);
        read.ec == std::errc() && read.ptr == end) {
        return std::chrono::seconds(seconds);
    }
    const auto date = s3::parse_http_date(*text);
    if (!date) return std::nullopt;
    return std::max(duration::zero(), duration(*date - engine::scheduler::current().time().wall()));
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

part_fetch::~part_fetch() {
    for (auto& [name, value] : request_.fields) {
        if (sealing::is_customer_key_field(name)) s3::wipe(value);
    }
}

engine::task<result<>> part_fetch::fetch(part_offset first, bytes length, engine::fill_sink& sink) {
    engine::core* here = engine::core::current_or_null();
    data_path& way = *links_.at(here == nullptr ? 0 : here->self().value());
    job j(first, length, sink);
    jobs_.push_back(j);
    auto done = co_await persist(j, way);
    if (!done) way.fetches().given_up.add();
    co_return done;
}

engine::task<result<>> part_fetch::persist(job& j, data_path& way) {
    retry_budget budget;
    for (;;) {
        if (aborted_) co_return fail(errc::cancelled);
        const part_offset before = j.at;
        const attempt done = co_await try_once(j, way);
        if (done) co_return result<>{};
        if (aborted_) co_return fail(errc::cancelled);
        const failure& failed = done.error();
        if (failed.final) co_return std::unexpected(failed.why);
        const auto pause =
            budget.next(j.at - before, failed.wait, engine::scheduler::current().chance());
        if (!pause) co_return std::unexpected(failed.why);
        (void)co_await pauses_.wait(engine::now() + *pause);
        way.fetches().retries.add();
        if (j.at > j.begin) way.fetches().resumes.add();
    }
}

engine::task<part_fetch::attempt> part_fetch::try_once(job& j, data_path& way) {
    way.fetches().requests.add();
    const object_offset first = begins_ + bytes(j.at.value());
    const bytes length = j.end - j.at;
    const std::string range =
        s3::range_header({.first = first, .last = first + (length - bytes(1))});
    const http::header added[] = {{.name = "Range", .value = range},
                                  {.name = "If-Match", .value = version_->etag}};
    auto answer = co_await way.open(request_, added, version_->direct_path, &j.stop);
    if (!answer) {
        const error why = answer.error();
        co_return std::unexpected(failure{.why = why, .final = !may_pass(why.code)});
    }
    attempt done = check(answer->head(), first, length);
    if (done) {
        done = co_await pour(*answer, j);
        if (done) answer->finish();
    } else {
        if (done.error().why.code == errc::protocol) answer->blame(done.error().why);
        co_await answer->discard();
    }
    j.stop.let_go();
    co_return done;
}

// The answer must be about exactly the bytes and the version that were asked for.
part_fetch::attempt part_fetch::check(const http::response_head& head, object_offset first,
                                      bytes length) const {
    const auto refuse = [](errc code) {
        return std::unexpected(failure{.why = {.code = code}, .final = true});
    };
    const bool whole = first == object_offset(0) && length == version_->size;
    if (head.status != 206 && !(head.status == 200 && whole)) {
        const errc code = code_for(head.status);
        return std::unexpected(
            failure{.why = {.code = code}, .final = !may_pass(code), .wait = wait_asked_for(head)});
    }
    if (http::find_header(head.headers, "etag") != version_->etag) return refuse(errc::changed);
    if (head.status == 206) {
        const auto text = http::find_header(head.headers, "content-range");
        const auto range = s3::parse_content_range(text.value_or(""));
        if (!range || !range->range || !range->object_size) return refuse(errc::protocol);
        // Same ETag, other size: whoever described this version to us was wrong.
        if (*range->object_size != version_->size) return refuse(errc::changed);
        if (range->range->first != first || range->range->length() != length) {
            return refuse(errc::protocol);
        }
    }
    if (head.body != http::framing::length || head.content_length != length) {
        return refuse(errc::protocol);
    }
    return {};
}

engine::task<part_fetch::attempt> part_fetch::pour(exchange& answer, job& j) {
    while (j.at < j.end) {
        auto room = co_await j.sink.room();
        if (!room) co_return std::unexpected(failure{.why = room.error(), .final = true});
        answer.expect_progress();
        auto got = co_await answer.reader().read_body(*room);
        if (got && *got == 0) got = fail(errc::closed);
        if (!got) {
            const error why = got.error();
            answer.blame(why);
            co_return std::unexpected(failure{.why = why, .final = !may_pass(why.code)});
        }
        answer.heard();
        j.sink.advance(*got);
        j.at += bytes(*got);
    }
    co_return attempt{};
}

void part_fetch::abort() {
    aborted_ = true;
    for (job* j = jobs_.empty() ? nullptr : &jobs_.front(); j != nullptr; j = jobs_.next_of(*j)) {
        j->stop.abort();
    }
    pauses_.notify_all(fail(errc::cancelled));
}

}  // namespace lode::frontend::origin
