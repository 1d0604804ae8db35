#include "frontend/http/head_parser.h"

#include <cstring>

#include <llhttp.h>

#include "engine/base/assert.h"
#include "frontend/http/characters.h"
#include "frontend/http/head_framing.h"

namespace lode::frontend::http {
namespace {

struct start_line;

problem parse_lines(std::string_view text, llhttp_type_t type, std::vector<header>& lines,
                    start_line& start);
problem split_request_line(std::string_view line, request_head& into);
problem split_status_line(std::string_view line, response_head& into);
problem resolve_target(std::span<char> text, std::vector<header>& lines, request_head& into);

// What llhttp saw of the start line.
struct start_line {
    std::string_view url;
    std::string_view status_text;
    unsigned status = 0;
    unsigned minor_version = 0;
};

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\r')); }

}  // namespace

problem parse_request(std::span<char> text, std::vector<header>& lines, request_head& into) {
    const std::string_view whole(text.data(), text.size());
    into = {};
    if (const auto p = split_request_line(first_line(whole), into); p != problem::none) return p;
    start_line seen;
    if (const auto p = parse_lines(whole, HTTP_REQUEST, lines, seen); p != problem::none) return p;
    if (seen.url != into.target || seen.minor_version != into.minor_version) {
        return problem::bad_start_line;
    }
    if (const auto p = resolve_target(text, lines, into); p != problem::none) return p;
    into.headers = lines;
    return frame_request(into);
}

problem parse_response(std::span<char> text, std::string_view request_method,
                       std::vector<header>& lines, response_head& into) {
    const std::string_view whole(text.data(), text.size());
    into = {};
    if (const auto p = split_status_line(first_line(whole), into); p != problem::none) return p;
    start_line seen;
    if (const auto p = parse_lines(whole, HTTP_RESPONSE, lines, seen); p != problem::none) return p;
    if (seen.status != into.status || seen.minor_version != into.minor_version ||
        trim(seen.status_text) != into.reason) {
        return problem::bad_start_line;
    }
    into.headers = lines;
    if (into.status == 101) return problem::unexpected_upgrade;
    return frame_response(into, request_method);
}

problem parse_trailers(std::string_view text, std::vector<header>& lines) {
    LODE_ASSERT(text.starts_with(trailer_prefix));
    start_line seen;
    if (parse_lines(text, HTTP_REQUEST, lines, seen) != problem::none) return problem::bad_trailer;
    for (const header& h : lines) {
        if (equal_ignoring_case(h.name, "content-length") ||
            equal_ignoring_case(h.name, "transfer-encoding") ||
            equal_ignoring_case(h.name, "host")) {
            return problem::bad_trailer;
        }
    }
    return problem::none;
}

namespace {

bool consume(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

// "HTTP/1.1" and nothing else.
problem read_version(std::string_view text, unsigned& minor_version) {
    if (!consume(text, "HTTP/")) return problem::bad_start_line;
    if (text.size() != 3 || !is_digit(text[0]) || text[1] != '.' || !is_digit(text[2])) {
        return problem::bad_start_line;
    }
    if (text != "1.0" && text != "1.1") return problem::unsupported_version;
    minor_version = static_cast<unsigned>(text[2] - '0');
    return problem::none;
}

// Exactly one space between the three words: whoever skips more sees another line than we do.
problem split_request_line(std::string_view line, request_head& into) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return problem::bad_start_line;
    into.method = line.substr(0, first);
    into.target = line.substr(first + 1, last - first - 1);
    if (!is_token(into.method)) return problem::bad_start_line;
    const auto version = read_version(line.substr(last + 1), into.minor_version);
    if (version != problem::none) return version;
    if (!is_target(into.target)) {
        // More than three words are no request line; other bytes are a bad target.
        return into.target.empty() || into.target.contains(' ') ? problem::bad_start_line
                                                                : problem::bad_target;
    }
    // It asks for a tunnel, which no object is.
    return into.method == "CONNECT" ? problem::unsupported_method : problem::none;
}

problem split_status_line(std::string_view line, response_head& into) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return problem::bad_start_line;
    const auto version = read_version(line.substr(0, space), into.minor_version);
    if (version != problem::none) return version;
    line.remove_prefix(space + 1);
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])) {
        return problem::bad_start_line;
    }
    for (const char digit : line.substr(0, 3)) {
        into.status = into.status * 10 + static_cast<unsigned>(digit - '0');
    }
    line.remove_prefix(3);
    // The space before an empty reason is often left out.
    if (!line.empty() && line.front() != ' ') return problem::bad_start_line;
    into.reason = trim(line);
    return into.status >= 100 && into.status < 600 ? problem::none : problem::bad_start_line;
}

// RFC 9112 section 3.2. After this the target is a path with its query, or "*".
problem resolve_target(std::span<char> text, std::vector<header>& lines, request_head& into) {
    if (into.target.front() == '/') return problem::none;
    if (into.target == "*") {
        return into.method == "OPTIONS" ? problem::none : problem::bad_target;
    }
    std::string_view rest = into.target;
    const std::size_t scheme = starts_with_ignoring_case(rest, "http://")    ? 7
                               : starts_with_ignoring_case(rest, "https://") ? 8
                                                                             : 0;
    if (scheme == 0) return problem::bad_target;
    rest.remove_prefix(scheme);
    const std::size_t length = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, length);
    rest.remove_prefix(length);
    if (authority.empty() || !is_host(authority)) return problem::bad_target;

    if (rest.empty()) {
        into.target = into.method == "OPTIONS" ? "*" : "/";
    } else if (rest.front() == '/') {
        into.target = rest;
    } else {
        // "http://host?query": the authority moves over the second slash of "//", and a path begins
        // where it ended.
        char* const at = text.data() + (authority.data() - text.data());
        std::memmove(at - 1, at, authority.size());
        at[authority.size() - 1] = '/';
        authority = {at - 1, authority.size()};
        into.target = {at + authority.size() - 1, rest.size() + 1};
    }
    for (header& h : lines) {
        if (equal_ignoring_case(h.name, "host")) h.value = authority;
    }
    const bool has_host = count_header(lines, "host") > 0;
    if (!has_host && into.minor_version == 0) lines.push_back({"Host", authority});
    return problem::none;
}

// --- llhttp ---

struct listener {
    std::vector<header>& lines;
    start_line& start;
    bool complete = false;
};

listener& listener_of(llhttp_t* parser) { return *static_cast<listener*>(parser->data); }

// A view may come in pieces; they are neighbours, because the head is parsed in one call.
void extend(std::string_view& view, const char* at, std::size_t length) {
    view = view.empty() ? std::string_view(at, length)
                        : std::string_view(view.data(), view.size() + length);
}

int on_url(llhttp_t* parser, const char* at, std::size_t length) {
    extend(listener_of(parser).start.url, at, length);
    return HPE_OK;
}

int on_status(llhttp_t* parser, const char* at, std::size_t length) {
    extend(listener_of(parser).start.status_text, at, length);
    return HPE_OK;
}

int on_header_field(llhttp_t* parser, const char* at, std::size_t length) {
    auto& lines = listener_of(parser).lines;
    const bool continues =
        !lines.empty() && lines.back().name.data() + lines.back().name.size() == at;
    if (!continues) lines.push_back({});
    extend(lines.back().name, at, length);
    return HPE_OK;
}

int on_header_value(llhttp_t* parser, const char* at, std::size_t length) {
    auto& lines = listener_of(parser).lines;
    LODE_ASSERT(!lines.empty());
    extend(lines.back().value, at, length);
    return HPE_OK;
}

int on_headers_complete(llhttp_t* parser) {
    listener& here = listener_of(parser);
    here.complete = true;
    here.start.status = static_cast<unsigned>(parser->status_code);
    here.start.minor_version = parser->http_minor;
    return 1;  // the body is not llhttp's business
}

llhttp_settings_t make_settings() {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = &on_url;
    s.on_status = &on_status;
    s.on_header_field = &on_header_field;
    s.on_header_value = &on_header_value;
    s.on_headers_complete = &on_headers_complete;
    return s;
}

problem meaning(llhttp_errno_t e, llhttp_type_t type) {
    switch (e) {
        case HPE_INVALID_METHOD: return problem::unsupported_method;
        case HPE_INVALID_CONSTANT:
            // Our own look at the line found a token and a version: it is the method's spelling.
            return type == HTTP_REQUEST ? problem::unsupported_method : problem::bad_start_line;
        case HPE_INVALID_URL: return problem::bad_target;
        case HPE_INVALID_VERSION: return problem::unsupported_version;
        case HPE_INVALID_STATUS: return problem::bad_start_line;
        case HPE_INVALID_CONTENT_LENGTH:
        case HPE_UNEXPECTED_CONTENT_LENGTH:
        case HPE_INVALID_TRANSFER_ENCODING: return problem::bad_framing;
        default: return problem::bad_header;
    }
}

// The second opinion: the text, cut at its line ends, must be what llhttp saw, line for line.
// Values come from here, without surrounding white space.
bool agree(std::string_view text, std::vector<header>& lines) {
    std::size_t at = text.find("\r\n") + 2;
    for (header& h : lines) {
        const std::string_view line = text.substr(at, text.find('\r', at) - at);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return false;
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trim(line.substr(colon + 1));
        if (h.name != name || !is_token(name) || trim(h.value) != value) return false;
        h.value = value;
        at += line.size() + 2;
    }
    return text.substr(at) == "\r\n";
}

problem parse_lines(std::string_view text, llhttp_type_t type, std::vector<header>& lines,
                    start_line& start) {
    LODE_ASSERT(text.ends_with("\r\n\r\n"));
    static const llhttp_settings_t settings = make_settings();
    lines.clear();
    listener here{.lines = lines, .start = start};
    llhttp_t parser;
    llhttp_init(&parser, type, &settings);
    parser.data = &here;
    const auto outcome = llhttp_execute(&parser, text.data(), text.size());
    // An upgrade is merely offered: it is ignored here, and not forwarded (hop_by_hop.h).
    if (outcome != HPE_OK && outcome != HPE_PAUSED_UPGRADE) return meaning(outcome, type);
    if (!here.complete || !agree(text, lines)) return problem::bad_header;
    return problem::none;
}

}  // namespace
}  // namespace lode::frontend::http
