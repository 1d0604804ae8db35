// tools/lode-origin/storage/key_path.h
//
// Which file holds which key. Every component between two '/' is percent-encoded and gets a prefix
// that says what it is, so that no key can name ".", "..", an absolute path or another key's folder:
//
//     a/b       d.a/o.b          a//b    d.a/d./o.b        ../x   d.../o.x
//     a/        d.a/o.           a       o.a               (a and a/b live side by side)
//
// A component whose encoding is longer than 240 bytes is cut: each full piece is a folder "l.<240>",
// the rest follows in it. The files of one folder, decoded, are again parts of keys, so a listing
// walks only the folders that its prefix can be in.
//
//   Limits  A key of 1,024 bytes needs at most 3.3 KiB of path, which leaves 700 bytes for the root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lode::dev_origin {

inline constexpr std::size_t encoded_piece_length = 240;
inline constexpr std::size_t root_path_length_max = 700;

// Relative to the bucket's folder of objects; never begins or ends with '/'.
[[nodiscard]] std::string path_of_key(std::string_view key);

// The file beside it that holds the object's tags.
[[nodiscard]] std::string tags_path_of_key(std::string_view key);

enum class entry_kind : std::uint8_t { object, tags, folder, continuation };

struct folder_entry {
    entry_kind kind = entry_kind::object;
    std::string_view encoded;  // of the component, or of a piece of it
};

// What a file name in a folder of objects means; nothing for names that we did not make.
[[nodiscard]] std::optional<folder_entry> parse_entry(std::string_view file_name);

// Buckets as S3 allows them, which also makes them safe as file names: 3 to 63 bytes of lower-case
// letters, digits, '-' and '.', with a letter or digit at both ends and no two dots together.
[[nodiscard]] bool is_bucket_name(std::string_view name);

}  // namespace lode::dev_origin
