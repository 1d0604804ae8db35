// tools/lode-origin/storage/bucket_store.h
//
// Buckets: made, listed, looked up, deleted when empty. All calls block, briefly.
//
//   Core    Any; the file system is the shared state, and each change is one rename or rmdir.
//   Errors  not_found for a bucket that is not there (whatever its name); invalid for a name that
//           no bucket can have; EEXIST and ENOTEMPTY as io.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "frontend/s3/http_date.h"
#include "tools/lode-origin/storage/layout.h"

namespace lode::dev_origin {

struct bucket_record {
    std::string name;
    std::string owner;
    frontend::s3::http_seconds created{};
};

enum class visibility : std::uint8_t { owner_only, everybody_reads };

class bucket_store {
  public:
    explicit bucket_store(const layout& where) : where_(where) {}

    [[nodiscard]] result<> create(const bucket_record& bucket) const;
    // Also forgets its unfinished uploads, as S3 does.
    [[nodiscard]] result<> remove(std::string_view name) const;
    [[nodiscard]] result<bucket_record> find(std::string_view name) const;
    [[nodiscard]] bool exists(std::string_view name) const;

    // In order of their names.
    [[nodiscard]] result<std::vector<bucket_record>> all() const;

    [[nodiscard]] result<> set_visibility(std::string_view name, visibility v) const;
    [[nodiscard]] visibility visibility_of(std::string_view name) const;

  private:
    const layout& where_;
};

}  // namespace lode::dev_origin
