// frontend/peer/layout_question.h
//
// What one node asks the home node of an object about how its parts lie, as a request and back, and the body
// of the answer:
//
//   GET /lode/1/layout?bucket=..&key=..&etag=..&size=..&id=..
//
//   known=exact&lengths=5242880.5242881.77      every part as it was uploaded
//   known=ends&part=8388608                     all but the last one alike
//   known=computed                              what every node computes
//
//   Errors  too_large: a name that does not fit into a request. What is wrong with a message that was received
//           is one sentence, which repeats nothing of it.
//   Limits  As part_question.h; 2 to 10,000 parts; a body of layout_text_max.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::peer {

inline constexpr std::size_t layout_text_max = std::size_t{192} << 10U;

struct layout_question {
    origin::object_name name;    // without scope and customer's key
    std::string etag;            // of an upload in parts
    std::string stored_version;  // object_version::version_id
    bytes size;
    hash128 id;  // object_version::identity, as the asker computes it
};

// `name` has neither a scope nor a customer's key.
[[nodiscard]] layout_question layout_question_about(const origin::object_name& name,
                                                    const origin::object_version& version);

// A request's target. Reuses it.
[[nodiscard]] result<> write_layout_question(const layout_question& q, std::uint32_t protocol,
                                             std::string& target);
[[nodiscard]] std::expected<layout_question, std::string> parse_layout_question(
    std::string_view query);

// The version that a question is about, as far as its layout is concerned. `origin` names the store as this
// node does. invalid: here the version has another identity.
[[nodiscard]] result<origin::object_version> version_of(const layout_question& q,
                                                        std::string_view origin);

// Reuses `out`.
void write_layout(const origin::part_layout& layout, std::string& out);

// Of a version of this size in so many parts.
[[nodiscard]] std::expected<origin::part_layout, std::string> parse_layout(std::string_view text,
                                                                           bytes size,
                                                                           std::uint32_t parts);

}  // namespace lode::frontend::peer
