// frontend/s3/etag.h
//
// Entity tags (RFC 9110 section 8.8.3) as S3 uses them: quoted on the wire, often bare in what
// clients send back, and with "-N" at the end when the object was uploaded in N parts.
//
//   Memory  Views borrow from the text that was parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/http/header.h"

namespace lode::frontend::s3 {

inline constexpr std::uint32_t part_count_max = 10'000;

enum class tag_strength : std::uint8_t { strong, weak };

struct entity_tag {
    std::string_view opaque;  // without quotes and W/
    tag_strength strength = tag_strength::strong;
};

// Takes "x", W/"x" and, because S3 clients send it, bare x. Nothing when the quotes do not pair,
// when bytes outside the grammar appear, or when nothing is left.
[[nodiscard]] std::optional<entity_tag> parse_entity_tag(std::string_view text);

// RFC 9110 section 8.8.3.2: strong comparison wants two strong tags.
[[nodiscard]] bool equal_strong(entity_tag a, entity_tag b);
[[nodiscard]] bool equal_weak(entity_tag a, entity_tag b);

// The opaque part, whatever the spelling; the text itself when it is not an entity tag.
[[nodiscard]] std::string_view unquoted(std::string_view etag);

// `etag` in quotes; a tag that has them already is returned as it is.
[[nodiscard]] std::string quoted(std::string_view etag);

// N of a multipart ETag "<32 hex digits>-N" with N from 1 to 10,000; nothing for any other ETag.
[[nodiscard]] std::optional<std::uint32_t> part_count_of(std::string_view etag);

// Walks a list: "a", W/"b", c. A comma inside quotes does not separate.
class entity_tag_list {
  public:
    explicit entity_tag_list(std::string_view text) : rest_(http::trim(text)) {}

    // The next tag that can be read; nothing at the end. Unreadable members are skipped.
    [[nodiscard]] std::optional<entity_tag> next();

  private:
    std::string_view rest_;
};

}  // namespace lode::frontend::s3
