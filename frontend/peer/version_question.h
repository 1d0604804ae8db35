// frontend/peer/version_question.h
//
// What one node asks the home node of an object about the version that is current, as a request and back, and
// the body of the answer:
//
//   GET /lode/1/version?bucket=..&key=..&age=MILLISECONDS&sums=0&id=..
//
//   age=250&sums=1&head=Content-Length: 77\r\nETag: ..\r\n..      (percent-encoded)
//
// The body repeats what the origin said of the version, with the stored checksums where `sums` says so, and is
// judged as the origin's own answer is.
//
//   Errors  too_large: a name that does not fit into a request. What is wrong with a message that was received
//           is one sentence, which repeats nothing of it.
//   Limits  As part_question.h; ages of up to a year; a body of version_text_max.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "frontend/origin/home_node.h"

namespace lode::frontend::peer {

inline constexpr std::size_t version_text_max = std::size_t{64} << 10U;

struct version_question {
    origin::object_name name;  // without scope and customer's key
    origin::version_wish wish;
    hash128 id;  // of the store and the name, as the asker computes it
};

// `origin` names the store as this node does, the same on every node of a cluster.
[[nodiscard]] version_question version_question_about(std::string_view origin,
                                                      const origin::object_name& name,
                                                      origin::version_wish wish);

// Whether it is about this node's store.
[[nodiscard]] bool is_about(const version_question& q, std::string_view origin);

// A request's target. Reuses it.
[[nodiscard]] result<> write_version_question(const version_question& q, std::uint32_t protocol,
                                              std::string& target);
[[nodiscard]] std::expected<version_question, std::string> parse_version_question(
    std::string_view query);

// Reuses `out`. too_large: headers that do not fit.
[[nodiscard]] result<> write_version(const origin::told_version& told, std::string& out);

[[nodiscard]] std::expected<origin::told_version, std::string> parse_version(
    std::string_view text, std::string_view origin, const origin::object_name& name);

}  // namespace lode::frontend::peer
