// frontend/wanted_bytes.h
//
// What a GET wants of an object version, and the head that an answer from the cache begins with.
//
//   Errors  None: an unsatisfiable range is an outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frontend/client.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {

struct wanted_bytes {
    enum class form : std::uint8_t { whole, range, numbered_part };

    form what = form::whole;
    object_offset first;
    object_offset end;  // one past the last byte; equal to first for an empty object

    [[nodiscard]] bytes length() const { return end - first; }
    [[nodiscard]] bool partial() const { return what != form::whole; }
};

// By the request's Range; nothing when it cannot be satisfied. `part`: where the part lies that the request
// names by its number, if it does.
[[nodiscard]] std::optional<wanted_bytes> wanted_of(const request& r,
                                                    const origin::object_version& version,
                                                    std::optional<origin::part_extent> part);

// The fields of an answer from the cache: the version's, with those replaced that the client wants
// replaced, and those of this answer. Cache-Status and the end are the caller's.
http::head_writer cached_head(client& out, const request& r, const origin::object_version& version,
                              const wanted_bytes& wanted);

// 416, with the size.
engine::task<void> refuse_range(client& out, const request& r, bytes size);

}  // namespace lode::frontend
