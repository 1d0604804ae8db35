#include "frontend/http/head_writer.h"

#include <charconv>

#include "engine/base/assert.h"
#include "frontend/http/characters.h"

namespace lode::frontend::http {
namespace {

// Everything that can stand in a line stays as it is; what could end one becomes a space.
void append_text(std::string& out, std::string_view text) {
    const std::size_t from = out.size();
    out.append(text);
    for (std::size_t i = from; i < out.size(); ++i) {
        if (!is_text(out[i])) out[i] = ' ';
    }
}

void append_number(std::string& out, std::uint64_t value) {
    char digits[20];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end);
}

}  // namespace

head_writer& head_writer::request(std::string_view method, std::string_view target) {
    LODE_ASSERT(out_.empty() && is_token(method) && is_target(target));
    out_.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    return *this;
}

head_writer& head_writer::response(unsigned status, std::string_view reason) {
    LODE_ASSERT(out_.empty() && status >= 100 && status < 600);
    out_.append("HTTP/1.1 ");
    append_number(out_, status);
    out_.push_back(' ');
    append_text(out_, reason.empty() ? reason_of(status) : reason);
    out_.append("\r\n");
    return *this;
}

head_writer& head_writer::field(std::string_view name, std::string_view value) {
    LODE_ASSERT(!out_.empty());
    append_field(out_, name, value);
    return *this;
}

head_writer& head_writer::field(std::string_view name, std::uint64_t value) {
    LODE_ASSERT(!out_.empty() && is_token(name));
    out_.append(name).append(": ");
    append_number(out_, value);
    out_.append("\r\n");
    return *this;
}

head_writer& head_writer::fields(std::span<const header> all) {
    for (const header& h : all) field(h);
    return *this;
}

std::string_view head_writer::end() {
    out_.append("\r\n");
    return out_;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    LODE_ASSERT(is_token(name));
    out.append(name).append(": ");
    append_text(out, value);
    out.append("\r\n");
}

std::string_view reason_of(unsigned status) {
    switch (status) {
        case 100: return "Continue";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

iovec piece_of(std::string_view text) {
    return {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
}

iovec piece_of(std::span<const std::byte> data) {
    return {.iov_base = const_cast<std::byte*>(data.data()), .iov_len = data.size()};
}

}  // namespace lode::frontend::http
