#include "tools/lode-origin/storage/record.h"

#include <charconv>
#include <cstring>

#include "frontend/http/header.h"
#include "frontend/s3/percent.h"

namespace lode::dev_origin {
namespace {

namespace s3 = frontend::s3;

constexpr std::string_view magic = "LODEOBJ1";

void append_field(std::string_view name, std::string_view value, std::string& out) {
    out.append(name).append(" ");
    s3::percent_encode(value, s3::slash::keep, out);
    out += '\n';
}

result<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return fail(errc::corrupt);
    return value;
}

result<> take_field(std::string_view name, const std::string& value, object_record& record);
std::string_view until(std::string_view& rest, char end);

}  // namespace

std::string_view header_of(const object_record& record, std::string_view name) {
    for (const stored_header& h : record.headers) {
        if (frontend::http::equal_ignoring_case(h.name, name)) return h.value;
    }
    return {};
}

std::string encode(const object_record& record) {
    std::string out;
    append_field("key", record.key, out);
    append_field("etag", record.etag, out);
    append_field("size", std::to_string(record.size.count()), out);
    append_field("modified", std::to_string(record.modified.time_since_epoch().count()), out);
    append_field("owner", record.owner, out);
    append_field("incarnation", record.incarnation, out);
    if (!record.lock.empty()) append_field("lock", record.lock, out);
    for (const bytes part : record.parts) {
        append_field("part", std::to_string(part.count()), out);
    }
    for (const stored_header& h : record.headers) {
        std::string both = h.name + ":" + h.value;
        append_field("header", both, out);
    }
    return out;
}

result<object_record> decode(std::string_view text) {
    object_record record;
    while (!text.empty()) {
        std::string_view line = until(text, '\n');
        const std::string_view name = until(line, ' ');
        std::string value;
        if (!s3::percent_decode(line, s3::plus_sign::literal, value)) return fail(errc::corrupt);
        if (auto taken = take_field(name, value, record); !taken) {
            return std::unexpected(taken.error());
        }
    }
    bytes sum;
    for (const bytes part : record.parts) sum += part;
    if (!record.parts.empty() && sum != record.size) return fail(errc::corrupt);
    return record;
}

std::array<std::byte, footer_length> encode(const footer& f) {
    std::array<std::byte, footer_length> raw{};
    const std::uint64_t data = f.data.count();
    std::memcpy(raw.data(), magic.data(), magic.size());
    std::memcpy(raw.data() + 8, &data, sizeof data);
    std::memcpy(raw.data() + 16, &f.record, sizeof f.record);
    std::memcpy(raw.data() + 24, &f.checksum, sizeof f.checksum);
    return raw;
}

result<footer> decode_footer(std::span<const std::byte> raw) {
    if (raw.size() != footer_length) return fail(errc::corrupt);
    if (std::memcmp(raw.data(), magic.data(), magic.size()) != 0) return fail(errc::corrupt);
    footer f;
    std::uint64_t data = 0;
    std::memcpy(&data, raw.data() + 8, sizeof data);
    std::memcpy(&f.record, raw.data() + 16, sizeof f.record);
    std::memcpy(&f.checksum, raw.data() + 24, sizeof f.checksum);
    f.data = bytes(data);
    if (f.record == 0 || f.record > record_length_max) return fail(errc::corrupt);
    return f;
}

namespace {

std::string_view until(std::string_view& rest, char end) {
    const auto cut = rest.find(end);
    const std::string_view taken = rest.substr(0, cut);
    rest.remove_prefix(cut == std::string_view::npos ? rest.size() : cut + 1);
    return taken;
}

result<> take_field(std::string_view name, const std::string& value, object_record& record) {
    if (name == "key") {
        record.key = value;
    } else if (name == "etag") {
        record.etag = value;
    } else if (name == "owner") {
        record.owner = value;
    } else if (name == "incarnation") {
        record.incarnation = value;
    } else if (name == "lock") {
        record.lock = value;
    } else if (name == "header") {
        const auto colon = value.find(':');
        if (colon == std::string::npos) return fail(errc::corrupt);
        record.headers.push_back({value.substr(0, colon), value.substr(colon + 1)});
    } else if (name == "size" || name == "modified" || name == "part") {
        const auto n = number(value);
        if (!n) return std::unexpected(n.error());
        if (name == "size") record.size = bytes(*n);
        if (name == "part") record.parts.emplace_back(*n);
        if (name == "modified") record.modified = s3::http_seconds(std::chrono::seconds(*n));
    } else {
        return fail(errc::corrupt);
    }
    return {};
}

}  // namespace
}  // namespace lode::dev_origin
