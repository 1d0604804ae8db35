#include "frontend/access_log.h"

#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/runtime/operations.h"
#include "frontend/s3/utf8.h"

namespace lode::frontend {
namespace {

// Lines are worth waiting a little for company.
constexpr duration gather_time = std::chrono::milliseconds(20);

// A JSON string. Keys are bytes: a byte that belongs to no UTF-8 sequence is written as the character of
// its value, so that the line stays valid JSON and nothing is lost.
void append_json(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        const char c = text.front();
        const auto byte = static_cast<unsigned char>(c);
        std::size_t length = s3::utf8_length(text);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
            length = 1;
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
    append_json(value, out);
}

std::int64_t microseconds(duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

void append_access_line(const access_record& r, std::string_view node, std::string& out) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(r.when);
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(r.when - seconds);
    fmt::format_to(std::back_inserter(out), "{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:03}Z\"",
                   fmt::gmtime(std::chrono::system_clock::to_time_t(
                       std::chrono::time_point_cast<std::chrono::system_clock::duration>(seconds))),
                   millis.count());
    append_field("node", node, out);
    append_field("client", r.client, out);
    append_field("who", r.who, out);
    append_field("method", r.method, out);
    append_field("bucket", r.bucket, out);
    append_field("key", r.key, out);
    append_field("range", r.range, out);
    fmt::format_to(std::back_inserter(out), ",\"status\":{},\"cache\":\"{}\"", r.status,
                   name_of(r.cache));
    append_field("detail", name_of(r.detail), out);
    fmt::format_to(std::back_inserter(out),
                   ",\"bytes\":{},\"bytes_in\":{},\"total_us\":{},\"first_byte_us\":{},"
                   "\"origin_us\":{},\"complete\":{}",
                   r.bytes_out, r.bytes_in, microseconds(r.total), microseconds(r.first_byte),
                   microseconds(r.origin), r.complete);
    append_field("request_id", r.request_id, out);
    out += "}\n";
}

result<std::shared_ptr<access_log_file>> access_log_file::open(const std::string& path) {
    if (path.empty()) return nullptr;
    const int fd = path == "-"
                       ? ::dup(STDOUT_FILENO)
                       : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) return fail_errno(errno);
    return std::shared_ptr<access_log_file>(new access_log_file(fd));
}

access_log_file::~access_log_file() { ::close(fd_); }

access_log::access_log(std::shared_ptr<access_log_file> file, std::string node)
    : file_(std::move(file)), node_(std::move(node)) {
    if (file_ == nullptr) return;
    collecting_.reserve(buffer_max);
    writing_.reserve(buffer_max);
}

void access_log::write(const access_record& r) {
    if (file_ == nullptr || writers_.closed()) return;
    const std::size_t before = collecting_.size();
    append_access_line(r, node_, collecting_);
    if (collecting_.size() > buffer_max) {
        collecting_.resize(before);
        dropped_.add();
        return;
    }
    if (!busy_) {
        busy_ = true;
        writers_.spawn(write_out());
    }
}

engine::task<void> access_log::write_out() {
    while (!collecting_.empty()) {
        if (!writers_.closed()) co_await engine::sleep_for(gather_time);
        writing_.swap(collecting_);
        auto left = std::as_bytes(std::span(writing_));
        while (!left.empty()) {
            // -1: where the descriptor stands; with O_APPEND always the end.
            auto put = co_await engine::write_at(file_->fd(), left, ~std::uint64_t{0});
            if (!put || *put == 0) {
                dropped_.add();
                break;
            }
            left = left.subspan(*put);
        }
        writing_.clear();
    }
    busy_ = false;
}

engine::task<void> access_log::close() { co_await writers_.close(); }

}  // namespace lode::frontend
