#include "frontend/peer/version_question.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "engine/base/assert.h"
#include "frontend/http/head_parser.h"
#include "frontend/http/head_scanner.h"
#include "frontend/http/head_writer.h"
#include "frontend/origin/redirect.h"
#include "frontend/peer/object_fields.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t age_max = std::chrono::duration_cast<milliseconds>(origin::any_age).count();
constexpr std::size_t head_max = version_text_max / 3;  // encoded, it may be three times as long

constexpr std::array<std::string_view, 6> version_question_fields = {"bucket", "key",  "version",
                                                                     "age",    "sums", "id"};
constexpr std::array<std::string_view, 3> version_fields = {"age", "sums", "head"};
constexpr std::array<std::string_view, 2> no_or_yes = {"0", "1"};

hash128 id_of(std::string_view origin, const origin::object_name& name) {
    hash128_builder both;
    both.add(origin).add(name.text());
    return both.finish();
}

bool is_one_head(std::string_view text) {
    const http::limits most{.head = bytes(version_text_max)};
    http::head_scanner scanner(http::message_kind::response, most);
    return scanner.scan(text) == text.size() && scanner.complete();
}

// The head of an answer that describes the version.
std::string head_of(const origin::object_version& version) {
    std::string lines;
    http::append_field(lines, "Content-Length", std::to_string(version.size.count()));
    if (!version.direct_path.empty()) {
        http::append_field(lines, origin::direct_path_header, version.direct_path);
    }
    lines += version.headers;
    if (version.checksums) lines += *version.checksums;
    return lines;
}

}  // namespace

version_question version_question_about(std::string_view origin, const origin::object_name& name,
                                        origin::version_wish wish) {
    LODE_ASSERT(name.scope.empty() && name.customer_key.empty());
    return {.name = name, .wish = wish, .id = id_of(origin, name)};
}

bool is_about(const version_question& q, std::string_view origin) {
    return q.id == id_of(origin, q.name);
}

result<> write_version_question(const version_question& q, std::uint32_t protocol,
                                std::string& target) {
    if (!fits(q.name)) return fail(errc::too_large);
    target = path_of(protocol, version_word);
    target += '?';
    field_writer fields(target);
    write_name(fields, q.name);
    // Rounded down, and the answer up: no word is older than was asked for.
    const auto age = std::chrono::floor<milliseconds>(std::min(q.wish.age, origin::any_age));
    fields.add("age", static_cast<std::uint64_t>(age.count()))
        .add("sums", no_or_yes[q.wish.checksums ? 1 : 0])
        .add_hex("id", q.id);
    if (target.size() > wire_limits.uri.count()) return fail(errc::too_large);
    return {};
}

std::expected<version_question, std::string> parse_version_question(std::string_view query) {
    field_reader fields(query, version_question_fields);
    version_question q;
    q.name = read_name(fields);
    q.wish.age = milliseconds(fields.number("age", age_max));
    q.wish.checksums = fields.word("sums", no_or_yes) == 1;
    q.id = fields.hex128("id");
    if (!fields.good()) return std::unexpected(fields.problem());
    return q;
}

result<> write_version(const origin::told_version& told, std::string& out) {
    const std::string head = head_of(*told.version);
    if (head.size() > head_max) return fail(errc::too_large);
    const auto age = std::chrono::ceil<milliseconds>(told.age);
    out.clear();
    field_writer(out)
        .add("age", static_cast<std::uint64_t>(age.count()))
        .add("sums", no_or_yes[told.version->checksums ? 1 : 0])
        .add("head", head);
    return {};
}

std::expected<origin::told_version, std::string> parse_version(std::string_view text,
                                                               std::string_view origin,
                                                               const origin::object_name& name) {
    field_reader fields(text, version_fields);
    const milliseconds age(fields.number("age", age_max));
    const bool sums = fields.word("sums", no_or_yes) == 1;
    const std::string lines = fields.raw_text("head", head_max);
    std::string head = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
    std::vector<http::header> headers;
    http::response_head read{};
    const bool readable = is_one_head(head) &&
                          http::parse_response(head, "HEAD", headers, read) == http::problem::none;
    if (fields.good() && !readable) fields.refuse("head", "is no head of an answer");
    if (!fields.good()) return std::unexpected(fields.problem());
    auto version = origin::describe_version(origin, name, 200, read.headers);
    if (!version) return std::unexpected("head describes no version.");
    if (sums) *version = origin::with_checksums(**version, origin::checksum_lines(read.headers));
    return origin::told_version{.version = std::move(*version), .age = age};
}

}  // namespace lode::frontend::peer
