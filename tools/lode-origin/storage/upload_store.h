// tools/lode-origin/storage/upload_store.h
//
// Multipart uploads that have begun and are neither completed nor aborted. Each is a folder with a
// record (an object file without data) and one object file per part, so parts are as atomic as
// objects are, and a restarted server goes on where the old one was.
//
//   Core    Any.
//   Errors  not_found for an upload that is not there, whatever its id looks like.
//   Limits  Parts 1 to 10,000.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/runtime/task.h"
#include "tools/lode-origin/storage/layout.h"
#include "tools/lode-origin/storage/object_file.h"

namespace lode::dev_origin {

inline constexpr std::uint32_t part_number_max = 10'000;

struct upload {
    std::string id;
    object_record record;  // of the object to be: key, owner, headers; `modified` is its beginning
};

class upload_store {
  public:
    explicit upload_store(const layout& where) : where_(where) {}

    // `record.size` is 0. Answers the new upload's id. unavailable when there is no such bucket.
    engine::task<result<std::string>> begin(std::string bucket, object_record record) const;

    [[nodiscard]] result<object_record> find(std::string_view bucket, std::string_view id) const;
    // In order of key, then id.
    [[nodiscard]] result<std::vector<upload>> all(std::string_view bucket) const;
    [[nodiscard]] result<> remove(std::string_view bucket, std::string_view id) const;

    [[nodiscard]] result<> publish_part(std::string_view bucket, std::string_view id,
                                        std::uint32_t number, object_writer& finished) const;
    [[nodiscard]] result<opened_object> open_part(std::string_view bucket, std::string_view id,
                                                  std::uint32_t number) const;
    // In ascending order.
    [[nodiscard]] result<std::vector<std::uint32_t>> part_numbers(std::string_view bucket,
                                                                  std::string_view id) const;

  private:
    const layout& where_;
};

}  // namespace lode::dev_origin
