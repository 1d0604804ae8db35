// frontend/peer/part_question.h
//
// What one node asks another about a part, as a request and back:
//
//   GET /lode/1/part?bucket=..&key=..&etag=..&modified=..&size=..&part=FIRST-LENGTH&id=..&want=bytes
//   Range: bytes=FIRST-LAST        (counted from the part's first byte)
//
// It says all that the other side needs to find the part, and to fetch it from the origin in its own name.
//
//   Errors  too_large: a name that does not fit into a request; its part cannot be asked of a peer. What is
//           wrong with a request that was received is one sentence, which repeats nothing of it.
//   Limits  bucket 255 bytes, key 1,024, version ids 1,024, ETag 256, the other side's URL 512; a target of
//           7 KiB; a part as the store has it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::peer {

inline constexpr std::uint32_t spread_max = 8;  // as many candidates as a part can have

struct part_question {
    enum class want_kind : std::uint8_t {
        bytes,  // the range
        fill,   // that the part is brought in, the range first; no bytes
        held,   // how much of the range, or of the part, is there; no bytes
        copy,  // the range, which who is asked brings from nowhere but the origin: for a copy of a hot part
        purge,  // that the part is forgotten; how much of it was there; no bytes
    };

    origin::object_name name;  // without scope and customer's key: such parts stay where they are
    std::string etag;
    std::string last_modified;
    std::string stored_version;  // object_version::version_id
    bytes size;                  // of the object
    std::string direct_path;     // object_version::direct_path
    origin::part_extent part;
    hash128 id;  // of the part, as the asker computes it
    // Within the part. Equal: no range, which only `bytes` must have.
    part_offset first;
    part_offset end;
    want_kind want = want_kind::bytes;
    std::uint32_t spread = 1;  // over so many candidates the asker divides its questions
};

// Whether the answer has a body.
[[nodiscard]] constexpr bool wants_bytes(const part_question& q) {
    using want = part_question::want_kind;
    return q.want == want::bytes || q.want == want::copy;
}

// Everything but range, want and spread. `name` has neither a scope nor a customer's key.
[[nodiscard]] part_question question_about(const origin::object_name& name,
                                           const origin::object_version& version,
                                           std::uint32_t part);

// A request's target and the value of its Range field, which is empty where it has none. Reuses both.
[[nodiscard]] result<> write_question(const part_question& q, std::uint32_t protocol,
                                      std::string& target, std::string& range);

// `query` is the target's, `range` the value of the Range field.
[[nodiscard]] std::expected<part_question, std::string> parse_question(
    std::string_view query, std::optional<std::string_view> range);

// The version that a question is about, as far as it concerns the part: enough for part_fetch.
struct asked_part {
    origin::version_ptr version;
    std::uint32_t index = 0;  // of the part in the version's layout
};

// `origin` names the store as this node does. invalid: here the part has another id, so the asker reads from
// another origin, or computes ids in another way.
[[nodiscard]] result<asked_part> version_of(const part_question& q, std::string_view origin);

}  // namespace lode::frontend::peer
