// frontend/s3/conditionals.h
//
// Conditional requests, evaluated in the order of RFC 9110 section 13.2.2 against one current
// version. Several lines of If-Match or If-None-Match count as one list; a date that cannot be read
// is ignored, as the RFC demands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "frontend/http/header.h"
#include "frontend/s3/http_date.h"

namespace lode::frontend::s3 {

enum class condition_verdict : std::uint8_t { proceed, not_modified, precondition_failed };

// 304 exists only for the reading methods; the others fail with 412 in its place.
enum class access : std::uint8_t { read, write };

// The current version. For an object that does not exist pass nothing to `evaluate`.
struct validators {
    std::string_view etag;  // in any spelling that parse_entity_tag takes
    std::optional<http_seconds> last_modified;
};

[[nodiscard]] condition_verdict evaluate(std::span<const http::header> headers,
                                         const std::optional<validators>& current, access how);

// RFC 9110 section 13.1.5: whether Range counts. True without an If-Range header.
[[nodiscard]] bool range_applies(std::span<const http::header> headers, const validators& current);

}  // namespace lode::frontend::s3
