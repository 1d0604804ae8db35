#include "frontend/http/problem.h"

namespace lode::frontend::http {

unsigned status_of(problem p, error why) {
    switch (p) {
        case problem::none:
        case problem::transport: return why.code == errc::timed_out ? 408 : 0;
        case problem::incomplete_head:
        case problem::incomplete_body:
        case problem::bad_start_line:
        case problem::bad_target:
        case problem::bad_header:
        case problem::bad_host:
        case problem::bad_framing:
        case problem::bad_chunk:
        case problem::bad_trailer:
        case problem::chunk_line_too_long: return 400;
        case problem::uri_too_long: return 414;
        case problem::head_too_large:
        case problem::too_many_headers:
        case problem::trailers_too_large: return 431;
        case problem::unsupported_method:
        case problem::unsupported_coding: return 501;
        case problem::unexpected_upgrade:
        case problem::too_many_interim: return 502;
        case problem::unsupported_version: return 505;
    }
    return 400;
}

std::string_view describe(problem p) {
    switch (p) {
        case problem::none: return "nothing is wrong";
        case problem::transport: return "the connection failed";
        case problem::incomplete_head: return "the connection ended inside a head";
        case problem::incomplete_body: return "the connection ended inside a body";
        case problem::bad_start_line: return "the first line is not HTTP/1.x";
        case problem::bad_target: return "the request target is malformed";
        case problem::bad_header: return "a header line is malformed";
        case problem::bad_host: return "the Host header is missing, repeated or malformed";
        case problem::bad_framing:
            return "Content-Length and Transfer-Encoding are malformed or contradict each other";
        case problem::bad_chunk: return "the chunked encoding is malformed";
        case problem::bad_trailer: return "a trailer line is malformed or not allowed";
        case problem::unsupported_version: return "the HTTP version is not supported";
        case problem::unsupported_method: return "the method is not supported";
        case problem::unsupported_coding: return "the transfer coding is not supported";
        case problem::unexpected_upgrade: return "the server switched protocols unasked";
        case problem::too_many_interim: return "the server sent too many interim answers";
        case problem::uri_too_long: return "the request target is too long";
        case problem::head_too_large: return "the head is too large";
        case problem::too_many_headers: return "there are too many header lines";
        case problem::chunk_line_too_long: return "a chunk extension is too long";
        case problem::trailers_too_large: return "the trailers are too large";
    }
    return "unknown";
}

errc code_of(problem p) {
    switch (p) {
        case problem::incomplete_body: return errc::closed;
        case problem::uri_too_long:
        case problem::head_too_large:
        case problem::too_many_headers:
        case problem::chunk_line_too_long:
        case problem::trailers_too_large: return errc::too_large;
        default: return errc::protocol;
    }
}

}  // namespace lode::frontend::http
