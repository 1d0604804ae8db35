// frontend/send_cached.h
//
// Answers an authorised GET from the store: absent chunks are filled in the background, each chunk is sent
// from its frame while the next one is being fetched.
//
//   Core      One; chunks are borrowed from the part's home core.
//   Memory    Two chunks pinned.
//   Errors    See sent_cached. After the head has left, what the store cannot give comes from the origin
//             directly, in the same version.
#pragma once

#include <cstdint>

#include "engine/runtime/task.h"
#include "frontend/client.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {

enum class sent_cached : std::uint8_t {
    done,          // answered, or broken off after the head had left
    not_possible,  // nothing sent: the bytes are not here and we may not fetch them
    changed,       // nothing sent: the origin has another version by now
};

engine::task<sent_cached> send_cached(serving& here, client& out, const request& r,
                                      const origin::object_name& name, origin::version_ptr version);

}  // namespace lode::frontend
