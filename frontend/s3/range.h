// frontend/s3/range.h
//
// One byte range of an object: the Range header in, Content-Range out (RFC 9110 section 14).
//
// Origins disagree about everything but a single well-formed range: several ranges (the RFC and AWS
// answer with the whole object or multipart, radosgw with the first one), "-0", reversed and
// unreadable ones (ignored by the RFC, 416 by radosgw), unknown units. `parse_range` therefore says
// which of these it saw, and a proxy hands them to its origin; `resolve` is the RFC's reading.
//
//   Errors  None: what cannot be read is a form of its own.
//   Limits  Numbers of any length are accepted; beyond 2^64-1 they count as 2^64-1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace lode::frontend::s3 {

// Both ends included, as on the wire. Invariant: first <= last.
struct byte_range {
    object_offset first;
    object_offset last;

    [[nodiscard]] constexpr bytes length() const { return last - first + bytes(1); }
    friend constexpr bool operator==(const byte_range&, const byte_range&) = default;
};

enum class range_form : std::uint8_t {
    first_last,    // bytes=a-b
    from_first,    // bytes=a-
    suffix,        // bytes=-n, n > 0
    suffix_zero,   // bytes=-0
    multiple,      // bytes=a-b,c-d: anything with a comma
    unknown_unit,  // not bytes
    malformed,     // reversed, or not a range at all
};

struct range_request {
    range_form form = range_form::malformed;
    std::uint64_t first = 0;  // first_last and from_first
    std::uint64_t last = 0;   // first_last; may be beyond the object
    bytes suffix_length;      // suffix

    // One well-formed range, about whose meaning all origins agree.
    [[nodiscard]] bool unambiguous() const {
        return form == range_form::first_last || form == range_form::from_first ||
               form == range_form::suffix;
    }
};

[[nodiscard]] range_request parse_range(std::string_view value);

enum class range_outcome : std::uint8_t { whole, part, unsatisfiable };

struct resolved_range {
    range_outcome outcome = range_outcome::whole;
    byte_range range;  // part: lies within the object
};

// multiple, unknown_unit and malformed are ignored (whole). An empty object satisfies no range, not
// even a suffix: S3 answers 416 there, and Content-Range could not express it.
[[nodiscard]] resolved_range resolve(const range_request& request, bytes object_size);

// "bytes 0-9/100" for 206, "bytes */100" for 416, "bytes=0-9" for a request.
[[nodiscard]] std::string content_range(byte_range range, bytes object_size);
void append_content_range(byte_range range, bytes object_size, std::string& out);
[[nodiscard]] std::string unsatisfied_content_range(bytes object_size);
[[nodiscard]] std::string range_header(byte_range range);

// What an origin's Content-Range says. Nothing in `range` for "*/100", nothing in `object_size` for
// "0-9/*". `protocol` when it is neither, reversed, or outside the size that it states.
struct parsed_content_range {
    std::optional<byte_range> range;
    std::optional<bytes> object_size;
};
[[nodiscard]] result<parsed_content_range> parse_content_range(std::string_view value);

}  // namespace lode::frontend::s3
