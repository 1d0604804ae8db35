// tools/lode-origin/operations/copy_source.h
//
// What x-amz-copy-source names, opened: the caller may read it, it exists, and the conditions on it
// (x-amz-copy-source-if-*) hold.
#pragma once

#include <expected>
#include <string>

#include "tools/lode-origin/call.h"

namespace lode::dev_origin {

struct copy_source {
    std::string bucket;
    std::string key;
    opened_object object;
};
[[nodiscard]] std::expected<copy_source, refusal> open_copy_source(const call& c);

// Copies part of an open object and computes the MD5 (raw) of what was copied.
engine::task<std::expected<std::string, refusal>> copy_data(call& c, const opened_object& from,
                                                            object_offset first, bytes length,
                                                            object_writer& into);

}  // namespace lode::dev_origin
