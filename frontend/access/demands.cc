#include "frontend/access/demands.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend::access {
namespace {

using s3::address_kind;
using s3::s3_error;
using list = std::vector<demand>;
using judged = std::expected<list, s3_error>;

// A decoded query, as far as it decides about rights.
struct parameters {
    std::vector<std::pair<std::string, std::string>> all;

    [[nodiscard]] bool has(std::string_view name) const {
        return std::ranges::any_of(all, [&](const auto& p) { return p.first == name; });
    }
    [[nodiscard]] std::string_view value(std::string_view name) const {
        const auto found = std::ranges::find(all, name, [](const auto& p) { return p.first; });
        return found == all.end() ? std::string_view() : std::string_view(found->second);
    }
    // Apart from `own`, which name the operation, everything is known not to change what is needed.
    [[nodiscard]] bool only(std::span<const std::string_view> own) const;
};

std::expected<parameters, s3_error> read_parameters(std::string_view raw_query);
right right_on_object(std::string_view method, const parameters& query);
demand demand_on_bucket(std::string_view method, const parameters& query, std::string_view bucket);
bool asks_for_more(const http::header& h);

}  // namespace

judged demands_of(const request_to_judge& request) {
    const s3::address& where = request.where;
    if (where.kind == address_kind::unaddressable) return std::unexpected(s3_error::invalid_uri);
    if (where.kind == address_kind::object && !may_be_rewritten(where.key)) {
        return std::unexpected(s3_error::invalid_uri);
    }
    const auto query = read_parameters(request.raw_query);
    if (!query) return std::unexpected(query.error());

    list needed;
    switch (where.kind) {
        case address_kind::object:
            needed.push_back({.needs = right_on_object(request.method, *query),
                              .where = demand::reach::below,
                              .bucket = where.bucket,
                              .key = where.key});
            break;
        case address_kind::bucket:
            needed.push_back(demand_on_bucket(request.method, *query, where.bucket));
            break;
        default: {
            // The list of buckets is lode's own identity's: for those who may read them all.
            const bool lists = request.method == "GET" && query->only({});
            needed.push_back(
                {.needs = lists ? right::read : right::admin, .where = demand::reach::everywhere});
        }
    }
    const auto copies = http::count_header(request.headers, "x-amz-copy-source");
    if (copies > 1) return std::unexpected(s3_error::invalid_argument);
    if (copies == 1) {
        auto source = parse_copy_source(*http::find_header(request.headers, "x-amz-copy-source"));
        if (!source) return std::unexpected(source.error());
        needed.push_back({.needs = right::read,
                          .where = demand::reach::below,
                          .bucket = std::move(source->bucket),
                          .key = std::move(source->key)});
    }
    if (std::ranges::any_of(request.headers, asks_for_more)) {
        needed.push_back({.needs = right::admin,
                          .where = needed.front().where,
                          .bucket = needed.front().bucket,
                          .key = needed.front().key});
    }
    return needed;
}

std::expected<copy_source, s3_error> parse_copy_source(std::string_view value) {
    value = http::trim(value);
    if (value.starts_with('/')) value.remove_prefix(1);
    const auto [path, raw_query] = s3::split(value);

    copy_source found;
    std::string name;
    if (!s3::percent_decode(path, s3::plus_sign::literal, name)) {
        return std::unexpected(s3_error::invalid_argument);
    }
    const auto separator = name.find('/');
    if (separator == std::string::npos) return std::unexpected(s3_error::invalid_argument);
    found.bucket = name.substr(0, separator);
    found.key = name.substr(separator + 1);
    const bool usable = found.bucket.size() >= s3::bucket_length_min && !found.key.empty() &&
                        found.key.size() <= s3::key_length_max &&
                        name.find('\0') == std::string::npos && may_be_rewritten(found.key);
    if (!usable) return std::unexpected(s3_error::invalid_argument);

    for (const s3::query_parameter& p : s3::query(raw_query)) {
        if (p.name != "versionId" || !found.version_id.empty() ||
            !s3::percent_decode(p.value, s3::plus_sign::literal, found.version_id)) {
            return std::unexpected(s3_error::invalid_argument);
        }
    }
    return found;
}

std::string copy_source::text() const {
    std::string out = "/";
    s3::percent_encode(bucket, s3::slash::encode, out);
    out += '/';
    s3::percent_encode(key, s3::slash::keep, out);
    if (!version_id.empty()) {
        out += "?versionId=";
        s3::percent_encode(version_id, s3::slash::encode, out);
    }
    return out;
}

bool may_be_rewritten(std::string_view key) {
    if (key.find_first_not_of('/') == std::string_view::npos) return false;
    while (true) {
        const auto end = key.find('/');
        const auto segment = key.substr(0, end);
        if (segment == "." || segment == "..") return false;
        if (end == std::string_view::npos) return true;
        key.remove_prefix(end + 1);
    }
}

namespace {

constexpr std::size_t parameters_max = 64;

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

// Parameters that leave the operation what it is. Some SDKs move x-amz-* headers of a presigned
// request into its query, and S3 reads them there.
bool is_plain(std::string_view name) {
    static constexpr std::array<std::string_view, 3> exact = {"x-id", "versionId", "partNumber"};
    static constexpr std::array<std::string_view, 8> moved = {"x-amz-checksum-",
                                                              "x-amz-meta-",
                                                              "x-amz-sdk-checksum-algorithm",
                                                              "x-amz-storage-class",
                                                              "x-amz-user-agent",
                                                              "x-amz-tagging",
                                                              "x-amz-request-payer",
                                                              "x-amz-expected-bucket-owner"};
    return contains(exact, name) || name.starts_with("response-") ||
           std::ranges::any_of(moved, [&](std::string_view start) {
               return http::starts_with_ignoring_case(name, start);
           });
}

bool parameters::only(std::span<const std::string_view> own) const {
    return std::ranges::all_of(
        all, [&](const auto& p) { return is_plain(p.first) || contains(own, p.first); });
}

// A name that is there twice may count in its first or in its last form, depending on the origin. A
// header in the query may count as one, and has to be plain to be judged. Some servers end a parameter
// at ';' too, and would find others there.
std::expected<parameters, s3_error> read_parameters(std::string_view raw_query) {
    parameters read;
    if (raw_query.find(';') != std::string_view::npos) {
        return std::unexpected(s3_error::invalid_uri);
    }
    for (const s3::query_parameter& p : s3::query(raw_query)) {
        std::string name;
        std::string value;
        if (!s3::percent_decode(p.name, s3::plus_sign::space, name) ||
            !s3::percent_decode(p.value, s3::plus_sign::space, value)) {
            return std::unexpected(s3_error::invalid_uri);
        }
        const bool is_header = http::starts_with_ignoring_case(name, "x-amz-");
        if (read.has(name) || read.all.size() == parameters_max || (is_header && !is_plain(name))) {
            return std::unexpected(s3_error::invalid_argument);
        }
        read.all.emplace_back(std::move(name), std::move(value));
    }
    return read;
}

right right_on_object(std::string_view method, const parameters& query) {
    struct known {
        std::string_view method;
        std::array<std::string_view, 3> own;  // the first one must be there
        right needs;
    };
    static constexpr std::array<known, 10> table = {{
        {"GET", {"tagging"}, right::read},
        {"GET", {"attributes"}, right::read},
        {"GET", {"uploadId", "max-parts", "part-number-marker"}, right::write},  // its parts
        {"PUT", {"uploadId"}, right::write},
        {"PUT", {"tagging"}, right::write},
        {"POST", {"uploads"}, right::write},
        {"POST", {"uploadId"}, right::write},
        {"POST", {"select", "select-type"}, right::read},
        {"DELETE", {"uploadId"}, right::write},
        {"DELETE", {"tagging"}, right::write},
    }};
    for (const known& k : table) {
        if (k.method == method && query.has(k.own[0]) && query.only(k.own)) return k.needs;
    }
    if (!query.only({})) return right::admin;
    if (method == "GET" || method == "HEAD") return right::read;
    return method == "PUT" || method == "DELETE" ? right::write : right::admin;
}

demand demand_on_bucket(std::string_view method, const parameters& query, std::string_view bucket) {
    constexpr std::array<std::string_view, 10> listing = {
        "prefix",      "delimiter",   "marker",        "max-keys",        "list-type",
        "start-after", "fetch-owner", "encoding-type", "allow-unordered", "continuation-token"};
    constexpr std::array<std::string_view, 7> versions = {
        "versions",      "prefix",     "delimiter",        "max-keys",
        "encoding-type", "key-marker", "version-id-marker"};
    constexpr std::array<std::string_view, 7> uploads = {
        "uploads",       "prefix",     "delimiter",       "max-uploads",
        "encoding-type", "key-marker", "upload-id-marker"};
    constexpr std::array<std::string_view, 1> location = {"location"};
    constexpr std::array<std::string_view, 2> removal = {"delete", "quiet"};

    demand wanted{.needs = right::admin, .where = demand::reach::below};
    wanted.bucket = bucket;
    if (method == "GET") {
        const bool of_versions = query.has("versions") && query.only(versions);
        const bool of_uploads = query.has("uploads") && query.only(uploads);
        if (query.only(listing) || of_versions || of_uploads) {
            wanted.needs = of_uploads ? right::write : right::read;
            wanted.key = query.value("prefix");
        } else if (query.has("location") && query.only(location)) {
            wanted.where = demand::reach::touching;
        }
    } else if (method == "HEAD" && query.only({})) {
        wanted.where = demand::reach::touching;
    } else if (method == "POST" && query.has("delete") && query.only(removal)) {
        // The keys stand in the body: whoever may write all of the bucket may name any.
        wanted.needs = right::write;
    }
    return wanted;
}

// Headers by which a plain request gives rights away, takes a retention off, or asks for something
// that only the owner of a bucket should decide.
bool asks_for_more(const http::header& h) {
    static constexpr std::array<std::string_view, 4> more = {
        "x-amz-grant-", "x-amz-object-lock-", "x-amz-bypass-governance-retention", "x-amz-mfa"};
    if (http::equal_ignoring_case(h.name, "x-amz-acl")) {
        return h.value != "private" && h.value != "bucket-owner-full-control";
    }
    return std::ranges::any_of(more, [&](std::string_view start) {
        return http::starts_with_ignoring_case(h.name, start);
    });
}

}  // namespace
}  // namespace lode::frontend::access
