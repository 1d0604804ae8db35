#include "frontend/access/passage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/assert.h"
#include "frontend/access/demands.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend::access {
namespace {

using s3::address_kind;
using s3::s3_error;
using outcome = std::expected<void, s3_error>;

bool lists(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::any_of(
        names, [&](std::string_view known) { return http::equal_ignoring_case(known, name); });
}

outcome begin(const rewriting& from, passage& into);
bool belongs_to_the_clients_signature(std::string_view name);
outcome recode_body(const rewriting& from, const stated_body& body, passage& into);
std::string payload_text(const s3::verified_request& client);

}  // namespace

void passage::clear() {
    who.clear();
    head = {};
    chunks.reset();
    target.clear();
    copy_source.clear();
    content_length.clear();
    is_unsigned = false;
    headers.clear();
}

void passage::borrow(const passage& from) {
    LODE_ASSERT(from.awaits_signature() && !from.chunks);
    clear();
    good = from.good;
    who = from.who;
    target = from.target;
    headers = from.headers;
    is_unsigned = true;
    payload = from.payload;
    head = from.head;
    head.target = target;
    head.headers = headers;
}

outcome rewrite_anonymous(const rewriting& from, passage& into) {
    if (auto begun = begin(from, into); !begun) return begun;
    into.headers.push_back({"Host", from.authority});
    for (const http::header& h : from.head.headers) {
        if (!http::equal_ignoring_case(h.name, "host")) into.headers.push_back(h);
    }
    into.head.headers = into.headers;
    return {};
}

outcome rewrite_to_sign(const rewriting& from, const stated_body& body, passage& into) {
    if (auto begun = begin(from, into); !begun) return begun;
    if (auto recoded = recode_body(from, body, into); !recoded) return recoded;

    into.headers.push_back({"Host", from.authority});
    const http::hop_by_hop hop(from.head.headers);
    for (const http::header& h : from.head.headers) {
        // To some origins x_amz_acl is x-amz-acl: what was judged by its name must not change it.
        const bool other_spelling = h.name.find('_') != std::string_view::npos;
        if (hop.drops(h.name) || other_spelling || belongs_to_the_clients_signature(h.name)) {
            continue;
        }
        if (http::equal_ignoring_case(h.name, "x-amz-copy-source")) {
            const auto source = parse_copy_source(h.value);
            if (!source) return std::unexpected(source.error());
            into.copy_source = source->text();
            into.headers.push_back({h.name, into.copy_source});
        } else if (into.chunks && http::equal_ignoring_case(h.name, "content-length")) {
            continue;
        } else {
            into.headers.push_back(h);
        }
    }
    if (into.chunks && into.chunks->encoded_length) {
        into.headers.push_back({"Content-Length", into.content_length});
    }
    into.head.headers = into.headers;
    into.is_unsigned = true;
    into.payload = payload_text(body.client);
    return {};
}

outcome sign(s3::signer& who, wall_time now, passage& into) {
    LODE_ASSERT(into.awaits_signature());
    std::vector<http::header> covered;
    for (const http::header& h : into.headers) {
        if (http::starts_with_ignoring_case(h.name, "x-amz-") ||
            http::equal_ignoring_case(h.name, "content-type")) {
            covered.push_back(h);
        }
    }
    const auto [path, raw_query] = s3::split(into.target);
    auto made = who.sign({.method = into.head.method,
                          .raw_path = path,
                          .raw_query = raw_query,
                          .host = into.head.host,
                          .headers = covered,
                          .payload_sha256 = into.payload},
                         now);
    if (!made) return std::unexpected(s3_error::invalid_uri);
    into.is_unsigned = false;
    into.signature = std::move(*made);
    into.headers.push_back({"x-amz-date", into.signature.x_amz_date});
    into.headers.push_back({"x-amz-content-sha256", into.signature.x_amz_content_sha256});
    if (!into.signature.x_amz_security_token.empty()) {
        into.headers.push_back({"x-amz-security-token", into.signature.x_amz_security_token});
    }
    into.headers.push_back({"Authorization", into.signature.authorization});
    into.head.headers = into.headers;
    if (into.chunks) into.chunks->ours = who.seed_for_chunks(into.signature);
    return {};
}

std::string without_signature(std::string_view raw_query, signature_in_query kind) {
    static constexpr std::array<std::string_view, 8> version_4 = {
        "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",
        "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token", "X-Amz-Content-Sha256"};
    static constexpr std::array<std::string_view, 4> version_2 = {
        "AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"};
    const std::span<const std::string_view> dropped =
        kind == signature_in_query::version_4 ? std::span<const std::string_view>(version_4)
                                              : version_2;
    std::string out;
    for (const s3::query_parameter& p : s3::query(raw_query)) {
        std::array<char, 32> buffer;
        const auto name = s3::percent_decode(p.name, s3::plus_sign::space, buffer);
        if (name && std::ranges::find(dropped, *name) != dropped.end()) continue;
        if (!out.empty()) out += '&';
        out.append(p.name);
        if (p.has_value) out.append("=").append(p.value);
    }
    return out;
}

namespace {

outcome begin(const rewriting& from, passage& into) {
    into.head = from.head;
    into.head.host = from.authority;
    switch (from.where.kind) {
        case address_kind::service: into.target = "/"; break;
        case address_kind::bucket:
        case address_kind::object:
            into.target = "/";
            s3::percent_encode(from.where.bucket, s3::slash::encode, into.target);
            if (from.where.kind == address_kind::bucket) break;
            into.target += '/';
            s3::percent_encode(from.where.key, s3::slash::keep, into.target);
            break;
        case address_kind::unaddressable: return std::unexpected(s3_error::invalid_uri);
    }
    if (!from.raw_query.empty()) into.target.append("?").append(from.raw_query);
    into.head.target = into.target;
    return {};
}

bool belongs_to_the_clients_signature(std::string_view name) {
    static constexpr std::array<std::string_view, 6> replaced = {
        "host",       "authorization",        "date",
        "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"};
    return lists(replaced, name);
}

std::expected<bytes, s3_error> decoded_length_of(std::span<const http::header> headers) {
    constexpr std::string_view name = "x-amz-decoded-content-length";
    const auto text = http::find_header(headers, name);
    if (!text) return std::unexpected(s3_error::missing_content_length);
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    // Far beyond any object, and so small that no sum of lengths overflows.
    constexpr std::uint64_t most = 1ULL << 50U;
    const bool whole = problem == std::errc() && end == text->data() + text->size();
    if (!whole || value > most || http::count_header(headers, name) > 1) {
        return std::unexpected(s3_error::invalid_argument);
    }
    return bytes(value);
}

bool is_signed_stream(s3::payload_kind kind) {
    return kind == s3::payload_kind::streaming_signed ||
           kind == s3::payload_kind::streaming_signed_trailer;
}

outcome recode_body(const rewriting& from, const stated_body& body, passage& into) {
    if (!is_signed_stream(body.client.payload) || from.head.body == http::framing::none) return {};
    const auto decoded = decoded_length_of(from.head.headers);
    if (!decoded) return std::unexpected(decoded.error());
    recoding& made = into.chunks.emplace();
    made.client = body.client;
    made.signatures = body.chunks;
    made.decoded_length = *decoded;
    made.encoded_length = recoded_length(body.client.payload, *decoded, from.head.headers);
    if (made.encoded_length) {
        into.head.body = http::framing::length;
        into.head.content_length = *made.encoded_length;
        into.content_length = std::to_string(made.encoded_length->count());
    } else {
        into.head.body = http::framing::chunked;
        into.head.content_length = {};
    }
    return {};
}

std::string payload_text(const s3::verified_request& client) {
    switch (client.payload) {
        case s3::payload_kind::exact: {
            const s3::sha256_hex hex = s3::to_hex(client.payload_sha256);
            return std::string(s3::view_of(hex));
        }
        case s3::payload_kind::unsigned_body: return std::string(s3::unsigned_payload);
        case s3::payload_kind::streaming_signed: return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        case s3::payload_kind::streaming_signed_trailer:
            return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
        case s3::payload_kind::streaming_unsigned_trailer:
            return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    }
    std::unreachable();
}

}  // namespace
}  // namespace lode::frontend::access
