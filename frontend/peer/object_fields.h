// frontend/peer/object_fields.h
//
// The fields by which every question names an object and its content: bucket, key, version, stored and etag.
//
//   Limits  bucket 255 bytes, key 1,024, version ids 1,024, ETag 256; a size that the store can keep.
#pragma once

#include <cstdint>
#include <string>

#include "engine/store/part_key.h"
#include "frontend/origin/object_version.h"
#include "frontend/peer/fields.h"

namespace lode::frontend::peer {

inline constexpr std::uint64_t object_size_max = engine::part_length_max.count();

// Borrows; `stored_version` is object_version::version_id.
struct named_content {
    const origin::object_name& name;
    const std::string& stored_version;
    const std::string& etag;
};

[[nodiscard]] bool fits(const origin::object_name& name);
void write_name(field_writer& fields, const origin::object_name& name);
[[nodiscard]] origin::object_name read_name(field_reader& fields);

[[nodiscard]] bool fits(const named_content& c);
void write_content(field_writer& fields, const named_content& c);

void read_content(field_reader& fields, origin::object_name& name, std::string& stored_version,
                  std::string& etag);

}  // namespace lode::frontend::peer
