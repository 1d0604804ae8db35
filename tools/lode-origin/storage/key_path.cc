#include "tools/lode-origin/storage/key_path.h"

#include <algorithm>

#include "frontend/s3/address.h"
#include "frontend/s3/percent.h"

namespace lode::dev_origin {
namespace {

std::string path_with_last(std::string_view key, std::string_view last_prefix);
void append_component(std::string_view component, std::string_view prefix, std::string& out);

}  // namespace

std::string path_of_key(std::string_view key) { return path_with_last(key, "o."); }

std::string tags_path_of_key(std::string_view key) { return path_with_last(key, "t."); }

std::optional<folder_entry> parse_entry(std::string_view file_name) {
    if (file_name.size() < 2 || file_name[1] != '.') return std::nullopt;
    const std::string_view encoded = file_name.substr(2);
    switch (file_name[0]) {
        case 'o': return folder_entry{entry_kind::object, encoded};
        case 't': return folder_entry{entry_kind::tags, encoded};
        case 'd': return folder_entry{entry_kind::folder, encoded};
        case 'l': return folder_entry{entry_kind::continuation, encoded};
        default: return std::nullopt;
    }
}

bool is_bucket_name(std::string_view name) {
    const auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    if (name.size() < frontend::s3::bucket_length_min ||
        name.size() > frontend::s3::bucket_length_max) {
        return false;
    }
    if (!is_alphanumeric(name.front()) || !is_alphanumeric(name.back())) return false;
    if (name.find("..") != std::string_view::npos) return false;
    return std::ranges::all_of(name,
                               [&](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

namespace {

std::string path_with_last(std::string_view key, std::string_view last_prefix) {
    std::string path;
    for (;;) {
        const auto cut = key.find('/');
        if (cut == std::string_view::npos) break;
        append_component(key.substr(0, cut), "d.", path);
        path += '/';
        key.remove_prefix(cut + 1);
    }
    append_component(key, last_prefix, path);
    return path;
}

void append_component(std::string_view component, std::string_view prefix, std::string& out) {
    std::string encoded;
    frontend::s3::percent_encode(component, frontend::s3::slash::encode, encoded);
    std::string_view rest = encoded;
    while (rest.size() > encoded_piece_length) {
        out.append("l.").append(rest.substr(0, encoded_piece_length)).append("/");
        rest.remove_prefix(encoded_piece_length);
    }
    out.append(prefix).append(rest);
}

}  // namespace
}  // namespace lode::dev_origin
