#include "frontend/s3/sigv4_canonical.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend::s3 {
namespace {

result<void> append_query(std::string_view raw_query, query_signature signature, std::string& out);
void append_header(std::string_view name, std::span<const http::header> headers, std::string& out);

}  // namespace

result<std::string> canonical_text(const canonical_request& request) {
    std::string out;
    out.reserve(2048);
    out.append(request.method).append("\n");
    const auto path = percent_recode(request.raw_path, plus_sign::literal, slash::keep, out);
    if (!path) return std::unexpected(path.error());
    out.append("\n");
    const auto query = append_query(request.raw_query, request.signature_parameter, out);
    if (!query) return std::unexpected(query.error());
    out.append("\n");

    for (std::string_view rest = request.signed_headers; !rest.empty();) {
        const auto end = std::min(rest.find(';'), rest.size());
        append_header(rest.substr(0, end), request.headers, out);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out.append("\n").append(request.signed_headers);
    out.append("\n").append(request.payload_sha256);
    return out;
}

std::string string_to_sign(std::string_view timestamp, const credential_scope& scope,
                           std::string_view canonical_text) {
    const sha256_hex hash = to_hex(sha256_of(canonical_text));
    return fmt::format("{}\n{}\n{}\n{}", sigv4_algorithm, timestamp, scope.text(), view_of(hash));
}

namespace {

// Sorted by encoded name, then by encoded value. A '+' means a space, as it does to S3.
result<void> append_query(std::string_view raw_query, query_signature signature, std::string& out) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const query_parameter& p : query(raw_query)) {
        auto& [name, value] = parameters.emplace_back();
        const auto name_valid = percent_recode(p.name, plus_sign::space, slash::encode, name);
        const auto value_valid = percent_recode(p.value, plus_sign::space, slash::encode, value);
        if (!name_valid || !value_valid) return fail(errc::invalid);
        if (signature == query_signature::omit && name == "X-Amz-Signature") {
            parameters.pop_back();
        }
    }
    std::ranges::sort(parameters);
    for (bool first = true; const auto& [name, value] : parameters) {
        if (!std::exchange(first, false)) out += '&';
        out.append(name).append("=").append(value);
    }
    return {};
}

// Runs of white space count as one space.
void append_folded(std::string_view value, std::string& out) {
    for (bool after_space = false; const char c : http::trim(value)) {
        const bool is_space = c == ' ' || c == '\t';
        if (!is_space) out += c;
        if (is_space && !after_space) out += ' ';
        after_space = is_space;
    }
}

// Several lines of one name are joined by commas in the order in which they were sent.
void append_header(std::string_view name, std::span<const http::header> headers, std::string& out) {
    out.append(name).append(":");
    bool first = true;
    for (const http::header& h : headers) {
        if (!http::equal_ignoring_case(h.name, name)) continue;
        if (!std::exchange(first, false)) out += ',';
        append_folded(h.value, out);
    }
    out += '\n';
}

}  // namespace
}  // namespace lode::frontend::s3
