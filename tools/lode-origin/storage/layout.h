// tools/lode-origin/storage/layout.h
//
// Where things lie below the directory that the server was given:
//
//     temporary/                 what is being written; emptied at start
//     buckets/NAME/bucket        when the bucket was made and by whom
//     buckets/NAME/public        there while everybody may read the bucket
//     buckets/NAME/objects/      objects, by path_of_key()
//     buckets/NAME/uploads/ID/   a multipart upload: `upload` (a record without data), `part.00001`...
//
// One server writes to a directory. Others may read from it at the same time: they neither lock it
// nor clean up in it.
//
//   Core    Immutable after open(); any core reads it.
//   Errors  open(): invalid when the path is too long, unavailable when another server writes here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "tools/lode-origin/storage/files.h"

namespace lode::dev_origin {

enum class directory_use : std::uint8_t { only_writer, reader };

class layout {
  public:
    // The writer makes what is missing, locks the directory and empties temporary/. Blocks.
    [[nodiscard]] static result<layout> open(const std::string& root, directory_use use);

    [[nodiscard]] std::string buckets() const { return root_ + "/buckets"; }
    [[nodiscard]] std::string bucket(std::string_view name) const;
    [[nodiscard]] std::string objects(std::string_view bucket_name) const;
    [[nodiscard]] std::string uploads(std::string_view bucket_name) const;
    [[nodiscard]] std::string upload(std::string_view bucket_name, std::string_view id) const;

    // A name that nobody else has.
    [[nodiscard]] std::string temporary() const { return root_ + "/temporary/" + random_name(); }

  private:
    layout(std::string root, file_descriptor lock)
        : root_(std::move(root)), lock_(std::move(lock)) {}

    std::string root_;
    file_descriptor lock_;
};

}  // namespace lode::dev_origin
