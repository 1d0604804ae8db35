// The part of the operators' port that concerns objects. lode asks the origin in its own name.
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "frontend/admin.h"
#include "frontend/locate.h"
#include "frontend/origin/object_listing.h"
#include "frontend/purge.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend {
namespace {

constexpr std::uint32_t wait_max = 60;  // seconds
// Each object of a page that is purged costs the origin a question.
constexpr std::uint32_t purged_at_once = 200;
constexpr duration purge_patience = std::chrono::seconds(90);

// What a request about objects says.
struct object_query {
    origin::object_name name;
    std::string prefix;
    std::string from;
    duration wait{};
    bool as_json = false;
};

std::string text_of(std::string_view query, std::string_view name) {
    return s3::find_parameter(query, name).value_or(std::nullopt).value_or("");
}

// Nothing: the wait is no number of seconds, or too long.
std::optional<object_query> parse(std::string_view query) {
    const std::string seconds = text_of(query, "wait");
    std::uint32_t wait = 0;
    const char* end = seconds.data() + seconds.size();
    const bool read = seconds.empty() || std::from_chars(seconds.data(), end, wait).ptr == end;
    if (!read || wait > wait_max) return std::nullopt;
    return object_query{.name = {.scope = {},
                                 .bucket = text_of(query, "bucket"),
                                 .key = text_of(query, "key"),
                                 .version_id = text_of(query, "versionId"),
                                 .customer_key = {}},
                        .prefix = text_of(query, "prefix"),
                        .from = text_of(query, "from"),
                        .wait = std::chrono::seconds(wait),
                        .as_json = text_of(query, "as") == "json"};
}

std::optional<object_query> parse_named(std::string_view query) {
    auto q = parse(query);
    if (!q || q->name.bucket.empty() || q->name.key.empty()) return std::nullopt;
    return q;
}

constexpr std::string_view needs_name =
    "A bucket and a key are needed, and at most a minute to wait.\n";

std::string_view name_of(prestaging::standing s) {
    switch (s) {
        case prestaging::standing::under_way: return "under_way";
        case prestaging::standing::complete: return "complete";
        case prestaging::standing::incomplete: return "incomplete";
        case prestaging::standing::no_such_object: return "no_such_object";
    }
    return "";
}

unsigned status_of(prestaging::standing s) {
    switch (s) {
        case prestaging::standing::under_way: return 202;
        case prestaging::standing::complete: return 200;
        case prestaging::standing::incomplete: return 502;
        case prestaging::standing::no_such_object: return 404;
    }
    return 500;
}

std::string print_account(const prestaging::account& a) {
    return fmt::format("state {}\nbytes {}\nparts {}\ndone {}\nwere_here {}\nbrought {}\n",
                       name_of(a.stands), a.size.count(), a.parts, a.done, a.were_here,
                       a.brought.count());
}

std::string print_purged(const purged& p, std::string_view next) {
    std::string out =
        fmt::format("objects {}\nfailed {}\nchunks {}\n", p.objects, p.failed, p.chunks);
    for (const std::string& node : p.silent) out += fmt::format("silent {}\n", node);
    if (next.empty()) return out;
    out += "next ";
    s3::percent_encode(next, s3::slash::keep, out);
    return out + "\n";
}

std::string_view why_not_listed(errc why) {
    switch (why) {
        case errc::not_found: return "The origin shows no such bucket.\n";
        case errc::denied: return "The origin does not let lode list this bucket.\n";
        case errc::protocol: return "The origin's listing cannot be read.\n";
        default: return "The origin does not list the bucket.\n";
    }
}

}  // namespace

admin::reply admin::no_identity() {
    return {.status = 409, .body = "lode has no credentials of its own to ask the origin with.\n"};
}

admin::reply admin::no_object() {
    return {.status = 404, .body = "The origin shows no such object.\n"};
}

engine::task<admin::reply> admin::find_object(std::string query) {
    auto q = parse_named(query);
    if (!q) co_return reply{.status = 400, .body = std::string(needs_name)};
    serving& here = *cores_.front();
    if (here.identity == nullptr) co_return no_identity();
    const auto found = co_await locate(here, std::move(q->name), engine::now() + q->wait);
    if (!found) co_return no_object();
    const unsigned status = found->being_filled() ? 202 : 200;
    if (q->as_json) {
        co_return reply{
            .status = status, .type = "application/json", .body = print_located_json(*found)};
    }
    co_return reply{.status = status, .body = print_located(*found)};
}

engine::task<admin::reply> admin::list_objects(std::string query) {
    auto q = parse(query);
    if (!q || q->name.bucket.empty()) {
        co_return reply{.status = 400, .body = "A bucket is needed.\n"};
    }
    serving& here = *cores_.front();
    if (here.identity == nullptr) co_return no_identity();
    const auto page = co_await origin::list_objects(here.link, *here.identity,
                                                    {.bucket = std::move(q->name.bucket),
                                                     .prefix = std::move(q->prefix),
                                                     .from = std::move(q->from)});
    if (!page) {
        co_return reply{.status = page.error().code == errc::not_found ? 404U : 502U,
                        .body = std::string(why_not_listed(page.error().code))};
    }
    std::string body;
    for (const auto& [key, size] : page->objects) {
        body += fmt::format("{} ", size.count());
        s3::percent_encode(key, s3::slash::keep, body);
        body += '\n';
    }
    if (!page->next.empty()) {
        body += "next ";
        s3::percent_encode(page->next, s3::slash::keep, body);
        body += '\n';
    }
    co_return reply{.body = std::move(body)};
}

engine::task<admin::reply> admin::begin_prestage(std::string query) {
    const auto q = parse_named(query);
    if (!q) co_return reply{.status = 400, .body = std::string(needs_name)};
    serving& here = *cores_.front();
    if (here.identity == nullptr) co_return no_identity();
    if (!here.prestages.begin(q->name)) {
        co_return reply{.status = 503, .body = "Too many objects are being brought in.\n"};
    }
    co_return co_await follow_prestage(std::move(query));
}

engine::task<admin::reply> admin::follow_prestage(std::string query) {
    auto q = parse_named(query);
    if (!q) co_return reply{.status = 400, .body = std::string(needs_name)};
    const time_point until = engine::now() + q->wait;
    const auto told = co_await cores_.front()->prestages.follow(std::move(q->name), until);
    if (!told) co_return reply{.status = 404, .body = "state unknown\n"};
    co_return reply{.status = status_of(told->stands), .body = print_account(*told)};
}

engine::task<admin::reply> admin::purge(std::string query) {
    auto q = parse(query);
    const bool one = q && !q->name.key.empty();
    const bool some = q && s3::find_parameter(query, "prefix").value_or(std::nullopt).has_value();
    if (!q || q->name.bucket.empty() || one == some) {
        co_return reply{.status = 400, .body = "A bucket is needed, and a key or a prefix.\n"};
    }
    serving& here = *cores_.front();
    if (here.identity == nullptr) co_return no_identity();
    const time_point until = engine::now() + purge_patience;
    if (one) {
        const auto done = co_await purge_object(here, std::move(q->name), until);
        if (!done) co_return no_object();
        co_return reply{.body = print_purged(*done, {})};
    }
    const auto page = co_await origin::list_objects(here.link, *here.identity,
                                                    {.bucket = q->name.bucket,
                                                     .prefix = std::move(q->prefix),
                                                     .from = std::move(q->from),
                                                     .objects_max = purged_at_once});
    if (!page) {
        co_return reply{.status = page.error().code == errc::not_found ? 404U : 502U,
                        .body = std::string(why_not_listed(page.error().code))};
    }
    const purged done = co_await purge_listed(here, std::move(q->name.bucket), *page, until);
    co_return reply{.body = print_purged(done, page->next)};
}

}  // namespace lode::frontend
