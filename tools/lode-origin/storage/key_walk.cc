#include "tools/lode-origin/storage/key_walk.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "frontend/s3/percent.h"
#include "tools/lode-origin/storage/key_path.h"

namespace lode::dev_origin {

namespace s3 = frontend::s3;

listing_page list_keys(const std::string& objects_folder, const listing_request& request) {
    listing_page page;
    if (request.max_keys == 0) return page;
    key_walk walk(objects_folder, request.prefix, request.after);
    while (auto key = walk.next()) {
        const auto found = request.delimiter.empty()
                               ? std::string::npos
                               : key->find(request.delimiter, request.prefix.size());
        listing_page::item item{.name = *key, .is = listing_page::item::kind::object};
        if (found != std::string::npos) {
            item.name.resize(found + request.delimiter.size());
            item.is = listing_page::item::kind::common_prefix;
            walk.skip(item.name);
            // What a marker inside the group has passed, it has passed as a whole.
            if (item.name <= request.after) continue;
        }
        if (page.items.size() == request.max_keys) {
            page.truncated = true;
            break;
        }
        page.items.push_back(std::move(item));
    }
    return page;
}

key_walk::key_walk(std::string objects_folder, std::string prefix, std::string after)
    : objects_folder_(std::move(objects_folder)),
      prefix_(std::move(prefix)),
      after_(std::move(after)) {
    descend("", "");
}

std::optional<std::string> key_walk::next() {
    while (!levels_.empty()) {
        level& here = levels_.back();
        if (here.next == here.entries.size()) {
            levels_.pop_back();
            continue;
        }
        entry taken = std::move(here.entries[here.next++]);
        if (taken.is == entry::kind::object) {
            if (wanted(taken.key)) return std::move(taken.key);
        } else if (can_hold_wanted(taken.key)) {
            descend(taken.path, taken.key);
        }
    }
    return std::nullopt;
}

bool key_walk::wanted(const std::string& key) const {
    return key > after_ && key.starts_with(prefix_) &&
           (skipped_.empty() || !key.starts_with(skipped_));
}

bool key_walk::can_hold_wanted(const std::string& folder_key) const {
    if (!folder_key.starts_with(prefix_) && !prefix_.starts_with(folder_key)) return false;
    if (!skipped_.empty() && folder_key.starts_with(skipped_)) return false;
    // Every key in the folder begins with its name.
    return folder_key > after_ || after_.starts_with(folder_key);
}

void key_walk::descend(const std::string& path, const std::string& key) {
    level below;
    read_folder(path, key, "", below.entries);
    std::ranges::sort(below.entries, {}, &entry::key);
    levels_.push_back(std::move(below));
}

void key_walk::read_folder(const std::string& path, const std::string& key,
                           const std::string& encoded_before, std::vector<entry>& into) const {
    std::error_code failed;
    const std::string folder = path.empty() ? objects_folder_ : objects_folder_ + "/" + path;
    for (const auto& file : std::filesystem::directory_iterator(folder, failed)) {
        const std::string file_name = file.path().filename().string();
        const auto meaning = parse_entry(file_name);
        if (!meaning || meaning->kind == entry_kind::tags) continue;
        const std::string encoded = encoded_before + std::string(meaning->encoded);
        std::string file_path = path;
        if (!path.empty()) file_path += '/';
        file_path += file_name;
        if (meaning->kind == entry_kind::continuation) {
            // The pieces of long names belong among their neighbours, so they are read with them.
            read_folder(file_path, key, encoded, into);
            continue;
        }
        std::string full = key;
        if (!s3::percent_decode(encoded, s3::plus_sign::literal, full)) continue;
        const bool is_folder = meaning->kind == entry_kind::folder;
        if (is_folder) full += '/';
        into.push_back({.key = std::move(full),
                        .path = is_folder ? file_path : std::string(),
                        .is = is_folder ? entry::kind::folder : entry::kind::object});
    }
}

}  // namespace lode::dev_origin
