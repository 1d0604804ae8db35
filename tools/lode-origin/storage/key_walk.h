// tools/lode-origin/storage/key_walk.h
//
// The keys of a bucket in the order of their bytes, beginning after a given one, folder by folder:
// only folders in which a wanted key can be are read.
//
//   Core    One. Blocks in readdir.
//   Memory  The names of the folders on the way to the current key.
//   Errors  A folder that vanishes meanwhile counts as empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lode::dev_origin {

class key_walk {
  public:
    // Keys that begin with `prefix` and are greater than `after`.
    key_walk(std::string objects_folder, std::string prefix, std::string after);

    // The next key; nothing at the end.
    [[nodiscard]] std::optional<std::string> next();

    // From here on, keys that begin with `common` are left out, and their folders unread.
    void skip(std::string common) { skipped_ = std::move(common); }

  private:
    struct entry {
        std::string key;   // from the bucket's root; a folder's ends with '/'
        std::string path;  // of a folder, below objects_folder
        enum class kind : std::uint8_t { object, folder } is;
    };
    struct level {
        std::vector<entry> entries;  // sorted by key
        std::size_t next = 0;
    };

    void descend(const std::string& path, const std::string& key);
    void read_folder(const std::string& path, const std::string& key,
                     const std::string& encoded_before, std::vector<entry>& into) const;
    [[nodiscard]] bool can_hold_wanted(const std::string& folder_key) const;
    [[nodiscard]] bool wanted(const std::string& key) const;

    std::string objects_folder_;
    std::string prefix_;
    std::string after_;
    std::string skipped_;
    std::vector<level> levels_;
};

// One page of a listing, with keys rolled up at the delimiter.
struct listing_request {
    std::string prefix;
    std::string delimiter;
    std::string after;
    std::size_t max_keys = 1000;
};

struct listing_page {
    struct item {
        std::string name;  // a key, or a common prefix
        enum class kind : std::uint8_t { object, common_prefix } is;
    };
    std::vector<item> items;
    bool truncated = false;
};

[[nodiscard]] listing_page list_keys(const std::string& objects_folder,
                                     const listing_request& request);

}  // namespace lode::dev_origin
