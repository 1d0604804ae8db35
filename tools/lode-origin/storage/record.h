// tools/lode-origin/storage/record.h
//
// Everything that is remembered about one stored object besides its bytes, and its form on disk.
//
// The form is text, one field per line, `name value`, values percent-encoded. It stands behind the
// object's data in the same file and is followed by a footer of 32 bytes (integers little-endian):
//
//     0   8  "LODEOBJ1"
//     8   8  length of the data, which begins at byte 0 of the file
//     16  4  length of the record, which begins where the data ends
//     20  4  zero
//     24  8  XXH3-64 of the record
//
// A file without a sound footer is no object: an upload that was cut short cannot be mistaken.
//
//   Errors  `corrupt` for a record that cannot be read.
//   Limits  Records of 1 MiB (10,000 parts and the longest head that we accept fit).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "frontend/s3/http_date.h"

namespace lode::dev_origin {

inline constexpr std::size_t record_length_max = std::size_t{1} << 20U;
inline constexpr std::size_t footer_length = 32;

struct stored_header {
    std::string name;  // lower case
    std::string value;

    friend bool operator==(const stored_header&, const stored_header&) = default;
};

struct object_record {
    std::string key;
    std::string etag;  // without quotes
    bytes size;
    frontend::s3::http_seconds modified{};
    std::string owner;
    // Drawn anew for each stored version, so that what belongs to one is not taken for the next.
    std::string incarnation;
    std::vector<bytes> parts;  // as they were uploaded; empty unless it was a multipart upload
    std::string lock;          // of the customer's key, customer_key.h; empty: none needed
    std::vector<stored_header> headers;  // Content-Type, x-amz-meta-* ...: replayed as they are

    friend bool operator==(const object_record&, const object_record&) = default;
};

[[nodiscard]] std::string_view header_of(const object_record& record, std::string_view name);

[[nodiscard]] std::string encode(const object_record& record);
[[nodiscard]] result<object_record> decode(std::string_view text);

struct footer {
    bytes data;
    std::uint32_t record = 0;  // bytes
    std::uint64_t checksum = 0;
};
[[nodiscard]] std::array<std::byte, footer_length> encode(const footer& f);
[[nodiscard]] result<footer> decode_footer(std::span<const std::byte> raw);

}  // namespace lode::dev_origin
