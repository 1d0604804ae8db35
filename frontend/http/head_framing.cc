#include "frontend/http/head_framing.h"

#include <charconv>
#include <optional>

#include "frontend/http/characters.h"
#include "frontend/http/hop_by_hop.h"

namespace lode::frontend::http {
namespace {

struct body_fields {
    std::optional<bytes> length;
    bool chunked = false;
};

// Also refuses a repeated field whose copies agree (RFC 9112 section 6.3 allows either): whoever
// sends two may send two different ones to somebody else.
problem read_body_fields(std::span<const header> headers, unsigned minor_version,
                         body_fields& found) {
    for (const header& h : headers) {
        if (equal_ignoring_case(h.name, "content-length")) {
            if (found.length) return problem::bad_framing;
            std::uint64_t value = 0;
            // Digits only: from_chars on an unsigned number takes neither sign nor space.
            const auto [stop, error] =
                std::from_chars(h.value.data(), h.value.data() + h.value.size(), value);
            if (error != std::errc() || stop != h.value.data() + h.value.size())
                return problem::bad_framing;
            found.length = bytes(value);
        } else if (equal_ignoring_case(h.name, "transfer-encoding")) {
            if (found.chunked || h.value.empty()) return problem::bad_framing;
            if (!equal_ignoring_case(h.value, "chunked")) return problem::unsupported_coding;
            found.chunked = true;
        }
    }
    if (found.chunked && (found.length || minor_version == 0)) return problem::bad_framing;
    return problem::none;
}

bool wants_keep_alive(std::span<const header> headers, unsigned minor_version) {
    if (list_has_token(headers, "connection", "close")) return false;
    return minor_version > 0 || list_has_token(headers, "connection", "keep-alive");
}

}  // namespace

problem frame_request(request_head& head) {
    body_fields found;
    if (const auto p = read_body_fields(head.headers, head.minor_version, found);
        p != problem::none) {
        return p;
    }
    head.body = found.chunked ? framing::chunked : found.length ? framing::length : framing::none;
    head.content_length = found.length.value_or(bytes());
    head.keep_alive = wants_keep_alive(head.headers, head.minor_version);
    head.expect_continue =
        head.minor_version > 0 && list_has_token(head.headers, "expect", "100-continue");

    const std::size_t hosts = count_header(head.headers, "host");
    if (hosts > 1 || (hosts == 0 && head.minor_version > 0)) return problem::bad_host;
    head.host = find_header(head.headers, "host").value_or(std::string_view());
    return is_host(head.host) ? problem::none : problem::bad_host;
}

problem frame_response(response_head& head, std::string_view request_method) {
    body_fields found;
    if (const auto p = read_body_fields(head.headers, head.minor_version, found);
        p != problem::none) {
        return p;
    }
    head.content_length = found.length.value_or(bytes());
    head.keep_alive = wants_keep_alive(head.headers, head.minor_version);

    const bool never_has_body = head.status < 200 || head.status == 204;
    if (never_has_body || head.status == 304 || request_method == "HEAD") {
        head.body = framing::none;
        // A body announced where none can be: what follows would be read as the next answer.
        if (never_has_body && (found.chunked || head.content_length > bytes(0))) {
            head.keep_alive = false;
        }
    } else if (found.chunked) {
        head.body = framing::chunked;
    } else if (found.length) {
        head.body = framing::length;
    } else {
        head.body = framing::until_close;
        head.keep_alive = false;
    }
    return problem::none;
}

}  // namespace lode::frontend::http
