#include "frontend/origin/object_listing.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include <pugixml.hpp>

#include "engine/runtime/scheduler.h"
#include "frontend/origin/own_request.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::origin {
namespace {

std::string target_of(const object_listing::question& q) {
    std::string target = "/";
    s3::percent_encode(q.bucket, s3::slash::encode, target);
    target += "?encoding-type=url&list-type=2&max-keys=" + std::to_string(q.objects_max);
    if (!q.prefix.empty()) target += "&prefix=";
    s3::percent_encode(q.prefix, s3::slash::encode, target);
    if (!q.from.empty()) target += "&continuation-token=";
    s3::percent_encode(q.from, s3::slash::encode, target);
    return target;
}

errc meaning_of(unsigned status) {
    if (status == 404) return errc::not_found;
    if (status == 401 || status == 403) return errc::denied;
    return status >= 500 ? errc::unavailable : errc::protocol;
}

engine::task<result<std::string>> read_all(exchange& answer) {
    std::string body;
    std::array<std::byte, 16384> piece;
    for (;;) {
        answer.expect_progress();
        const auto got = co_await answer.reader().read_body(piece);
        if (!got) co_return std::unexpected(got.error());
        if (*got == 0) co_return body;
        body.append(reinterpret_cast<const char*>(piece.data()), *got);
        if (bytes(body.size()) > object_listing::answer_max) co_return fail(errc::too_large);
    }
}

// Stores write names with and without a prefix.
std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string_view text_of(const pugi::xml_node& parent, std::string_view name) {
    return parent.find_child([&](const pugi::xml_node& n) { return local_name(n) == name; })
        .text()
        .get();
}

// Keys may hold what XML cannot, so they come percent-encoded; from a store that does not know that
// they come as they are, and it does not say that it encoded them.
result<object_listing::entry> entry_of(const pugi::xml_node& node, bool encoded) {
    object_listing::entry e;
    const std::string_view key = text_of(node, "Key");
    if (!encoded) {
        e.key = key;
    } else if (!s3::percent_decode(key, s3::plus_sign::space, e.key)) {
        return fail(errc::protocol);
    }
    const std::string_view size = text_of(node, "Size");
    std::uint64_t count = 0;
    const auto [end, problem] = std::from_chars(size.data(), size.data() + size.size(), count);
    const bool is_number = problem == std::errc() && end == size.data() + size.size();
    if (e.key.empty() || !is_number) return fail(errc::protocol);
    e.size = bytes(count);
    return e;
}

}  // namespace

engine::task<result<object_listing>> list_objects(origin_link& link, s3::signer& own,
                                                  object_listing::question q) {
    const std::string target = target_of(q);
    const auto signing = signature_fields(own, link.authority, "GET", target, {},
                                          engine::scheduler::current().time().wall());
    if (!signing) co_return std::unexpected(signing.error());
    const auto fields = views_of(*signing);
    auto answer =
        co_await exchange::ask(link, {.method = "GET", .target = target, .headers = fields});
    if (!answer) co_return std::unexpected(answer.error());
    const unsigned status = answer->head().status;
    if (status != 200) {
        co_await answer->discard();
        co_return fail(meaning_of(status));
    }
    const auto body = co_await read_all(*answer);
    if (!body) co_return std::unexpected(body.error());
    answer->finish();
    co_return parse_listing(*body);
}

result<object_listing> parse_listing(std::string_view xml) {
    // Keys may consist of white space, which pugixml drops by default.
    constexpr unsigned options = pugi::parse_default | pugi::parse_ws_pcdata_single;
    pugi::xml_document document;
    if (!document.load_buffer(xml.data(), xml.size(), options)) return fail(errc::protocol);
    const pugi::xml_node root = document.document_element();
    if (local_name(root) != "ListBucketResult") return fail(errc::protocol);

    object_listing page;
    const bool encoded = text_of(root, "EncodingType") == "url";
    for (const pugi::xml_node& node : root.children()) {
        if (local_name(node) != "Contents") continue;
        auto entry = entry_of(node, encoded);
        if (!entry) return std::unexpected(entry.error());
        page.objects.push_back(std::move(*entry));
    }
    if (text_of(root, "IsTruncated") == "true") {
        page.next = text_of(root, "NextContinuationToken");
        // Without it the rest could not be had, and nobody would notice.
        if (page.next.empty()) return fail(errc::protocol);
    }
    return page;
}

}  // namespace lode::frontend::origin
