#include "frontend/s3/request_class.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/base/assert.h"
#include "frontend/s3/etag.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend::s3 {
namespace {

using http::equal_ignoring_case;
using http::starts_with_ignoring_case;

constexpr std::size_t version_id_length_max = 1024;
constexpr std::size_t upload_id_length_max = 1024;
constexpr std::size_t override_length_max = 4096;

// What the query says, beside naming the object.
struct query_facts {
    bool harmless = true;  // every parameter is known not to change the answer
    bool sigv4 = false;
    bool sigv2 = false;
    bool range_signed = false;
    std::string signed_headers;  // of a presigned URL
};

query_facts read_query(std::string_view raw_query, classified& out);
void read_headers(std::span<const http::header> headers, classified& out);
void read_auth(std::span<const http::header> headers, const query_facts& facts, classified& out);
operation operation_of(const request_head& request, const query_facts& facts,
                       const classified& seen);

}  // namespace

void classify(const request_head& request, std::span<const std::string> domains, classified& out) {
    out.range_signed = out.conditional = out.sse_customer_key = out.checksum_mode = false;
    out.no_cache = out.no_store = out.only_if_match = false;
    out.version_id.clear();
    out.upload_id.clear();
    out.part_number.reset();
    out.overrides.clear();

    const auto [path, raw_query] = split(request.target);
    const auto host = http::find_header(request.headers, "host").value_or("");
    resolve_address(host, domains, path, out.where);
    const query_facts facts = read_query(raw_query, out);
    read_headers(request.headers, out);
    read_auth(request.headers, facts, out);
    out.op = operation_of(request, facts, out);
}

std::string_view signed_headers_of(std::string_view authorization) {
    constexpr std::string_view label = "SignedHeaders=";
    const auto at = authorization.find(label);
    if (at == std::string_view::npos) return {};
    const auto list = authorization.substr(at + label.size());
    return http::trim(list.substr(0, list.find(',')));
}

bool lists_header(std::string_view signed_headers, std::string_view name) {
    while (!signed_headers.empty()) {
        const auto end = std::min(signed_headers.find(';'), signed_headers.size());
        if (equal_ignoring_case(http::trim(signed_headers.substr(0, end)), name)) return true;
        signed_headers.remove_prefix(std::min(end + 1, signed_headers.size()));
    }
    return false;
}

namespace {

constexpr std::array<std::string_view, 5> conditional_headers = {
    "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"};

enum class parameter : std::uint8_t {
    other,
    sigv4,
    sigv4_signed_headers,
    sigv2,
    version,
    part_number,
    upload_id,
    override_header,
    ignored
};

// The response header that a query parameter replaces; empty where it replaces none.
std::string_view overridden(std::string_view parameter) {
    struct known {
        std::string_view name;
        std::string_view header;
    };
    static constexpr std::array<known, 6> table = {{
        {"response-cache-control", "Cache-Control"},
        {"response-content-disposition", "Content-Disposition"},
        {"response-content-encoding", "Content-Encoding"},
        {"response-content-language", "Content-Language"},
        {"response-content-type", "Content-Type"},
        {"response-expires", "Expires"},
    }};
    const auto* found = std::ranges::find(table, parameter, &known::name);
    return found == table.end() ? std::string_view() : found->header;
}

// Names are case sensitive, as they are for S3. x-id only repeats the operation's name for logs.
parameter parameter_of(std::string_view decoded_name) {
    struct known {
        std::string_view name;
        parameter what;
    };
    static constexpr std::array<known, 16> table = {{
        {"X-Amz-Algorithm", parameter::sigv4},
        {"X-Amz-Credential", parameter::sigv4},
        {"X-Amz-Date", parameter::sigv4},
        {"X-Amz-Expires", parameter::sigv4},
        {"X-Amz-SignedHeaders", parameter::sigv4_signed_headers},
        {"X-Amz-Signature", parameter::sigv4},
        {"X-Amz-Security-Token", parameter::ignored},
        {"X-Amz-Content-Sha256", parameter::ignored},
        {"AWSAccessKeyId", parameter::sigv2},
        {"Signature", parameter::sigv2},
        {"Expires", parameter::ignored},
        {"x-amz-security-token", parameter::ignored},  // SigV2 with temporary credentials
        {"x-id", parameter::ignored},
        {"versionId", parameter::version},
        {"partNumber", parameter::part_number},
        {"uploadId", parameter::upload_id},
    }};
    const auto* found = std::ranges::find(table, decoded_name, &known::name);
    if (found != table.end()) return found->what;
    return overridden(decoded_name).empty() ? parameter::other : parameter::override_header;
}

// An empty, unreadable, overlong or repeated id is left to the origin.
bool take_id(const query_parameter& p, std::size_t length_max, std::string& id) {
    if (!id.empty() || p.value.size() > length_max) return false;
    return percent_decode(p.value, plus_sign::space, id) && !id.empty();
}

bool take_part_number(const query_parameter& p, std::optional<std::uint32_t>& number) {
    std::uint32_t value = 0;
    const auto [end, problem] =
        std::from_chars(p.value.data(), p.value.data() + p.value.size(), value);
    const bool read = problem == std::errc() && end == p.value.data() + p.value.size();
    if (number || !read || value == 0 || value > part_count_max) return false;
    number = value;
    return true;
}

bool take_override(const query_parameter& p, std::string_view decoded_name,
                   std::vector<classified::override_field>& overrides) {
    const std::string_view header = overridden(decoded_name);
    // What an empty one means, stores disagree about.
    if (p.value.empty() || p.value.size() > override_length_max) return false;
    for (const auto& o : overrides) {
        if (o.name == header) return false;
    }
    std::string value;
    if (!percent_decode(p.value, plus_sign::space, value)) return false;
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (std::ranges::any_of(value, is_control)) return false;
    overrides.push_back({.name = header, .value = std::move(value)});
    return true;
}

query_facts read_query(std::string_view raw_query, classified& out) {
    query_facts facts;
    for (const query_parameter& p : query(raw_query)) {
        // Longer than any name in the table: what does not fit is none of them.
        std::array<char, 32> buffer;
        const auto name = percent_decode(p.name, plus_sign::space, buffer);
        switch (name ? parameter_of(*name) : parameter::other) {
            case parameter::other: facts.harmless = false; break;
            case parameter::sigv2: facts.sigv2 = true; break;
            case parameter::sigv4: facts.sigv4 = true; break;
            case parameter::sigv4_signed_headers: {
                facts.sigv4 = true;
                facts.signed_headers.clear();
                const auto valid = percent_decode(p.value, plus_sign::space, facts.signed_headers);
                facts.range_signed |= !valid || lists_header(facts.signed_headers, "range");
                facts.harmless &= valid.has_value();
                break;
            }
            case parameter::version:
                facts.harmless &= take_id(p, version_id_length_max, out.version_id);
                break;
            case parameter::part_number:
                facts.harmless &= take_part_number(p, out.part_number);
                break;
            case parameter::upload_id:
                (void)take_id(p, upload_id_length_max, out.upload_id);
                facts.harmless = false;
                break;
            case parameter::override_header:
                facts.harmless &= take_override(p, *name, out.overrides);
                break;
            case parameter::ignored: break;
        }
    }
    return facts;
}

void read_cache_control(std::string_view value, classified& out) {
    while (!value.empty()) {
        const auto end = std::min(value.find(','), value.size());
        const auto item = value.substr(0, end);
        const auto directive = http::trim(item.substr(0, item.find('=')));
        out.no_cache |= equal_ignoring_case(directive, "no-cache");
        out.no_store |= equal_ignoring_case(directive, "no-store");
        value.remove_prefix(std::min(end + 1, value.size()));
    }
}

void read_headers(std::span<const http::header> headers, classified& out) {
    constexpr std::string_view customer_key = "x-amz-server-side-encryption-customer-";
    int conditions = 0;
    bool if_match = false;
    for (const auto& [name, value] : headers) {
        if (equal_ignoring_case(name, "cache-control")) read_cache_control(value, out);
        if (equal_ignoring_case(name, "x-amz-checksum-mode")) out.checksum_mode = true;
        if (starts_with_ignoring_case(name, customer_key)) out.sse_customer_key = true;
        for (const auto condition : conditional_headers) {
            if (equal_ignoring_case(name, condition)) ++conditions;
        }
        if (equal_ignoring_case(name, "if-match")) if_match = true;
    }
    out.conditional = conditions > 0;
    out.only_if_match = conditions == 1 && if_match;
}

// One that is signed and was not sent must stay away.
void note_signed_conditions(std::string_view signed_headers, classified& out) {
    const auto count = std::ranges::count_if(conditional_headers, [&](std::string_view name) {
        return lists_header(signed_headers, name);
    });
    out.conditional |= count > 0;
    out.only_if_match &= count == 0 || (count == 1 && lists_header(signed_headers, "if-match"));
}

// When a request states more than one kind, the origin will refuse it; until then what it says is
// read in the way that lets us change the least.
void read_auth(std::span<const http::header> headers, const query_facts& facts, classified& out) {
    out.range_signed = facts.range_signed;
    out.auth = facts.sigv4   ? auth_kind::sigv4_query
               : facts.sigv2 ? auth_kind::sigv2_query
                             : auth_kind::anonymous;

    note_signed_conditions(facts.signed_headers, out);
    const auto authorization = http::find_header(headers, "authorization");
    if (!authorization) return;
    if (authorization->starts_with("AWS ")) {
        out.auth = auth_kind::sigv2_header;
        return;
    }
    out.auth = authorization->starts_with("AWS4-") ? auth_kind::sigv4_header : auth_kind::unknown;
    const auto list = signed_headers_of(*authorization);
    out.range_signed |= list.empty() || lists_header(list, "range");
    note_signed_conditions(list, out);
}

bool is_s3_method(std::string_view method) {
    constexpr std::array<std::string_view, 6> known = {"GET",  "HEAD",   "PUT",
                                                       "POST", "DELETE", "OPTIONS"};
    return std::ranges::find(known, method) != known.end();
}

operation operation_of(const request_head& request, const query_facts& facts,
                       const classified& seen) {
    if (!is_s3_method(request.method)) return operation::unknown;
    switch (seen.where.kind) {
        case address_kind::unaddressable: return operation::unknown;
        case address_kind::service: return operation::service;
        case address_kind::bucket: return operation::bucket;
        case address_kind::object: break;
    }
    if (!facts.harmless) return operation::other_object;
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && (seen.part_number || !seen.overrides.empty())) return operation::other_object;
    if (request.method == "GET") return operation::get_object;
    if (request.method == "HEAD") return operation::head_object;
    if (request.method == "DELETE") return operation::delete_object;
    const bool plain_upload = request.method == "PUT" && seen.version_id.empty() &&
                              !http::find_header(request.headers, "x-amz-copy-source");
    return plain_upload ? operation::put_object : operation::other_object;
}

}  // namespace

std::string_view name_of(operation op) {
    switch (op) {
        case operation::get_object: return "get_object";
        case operation::head_object: return "head_object";
        case operation::put_object: return "put_object";
        case operation::delete_object: return "delete_object";
        case operation::other_object: return "other_object";
        case operation::bucket: return "bucket";
        case operation::service: return "service";
        case operation::unknown: return "unknown";
    }
    LODE_ASSERT(!"an operation without a name");
}

std::string_view name_of(auth_kind auth) {
    switch (auth) {
        case auth_kind::anonymous: return "anonymous";
        case auth_kind::sigv4_header: return "sigv4_header";
        case auth_kind::sigv4_query: return "sigv4_query";
        case auth_kind::sigv2_header: return "sigv2_header";
        case auth_kind::sigv2_query: return "sigv2_query";
        case auth_kind::unknown: return "unknown";
    }
    LODE_ASSERT(!"a kind of authentication without a name");
}

}  // namespace lode::frontend::s3
