// frontend/send_cached.h
//
// Answers an authorised GET from the store: parts that are not here are filled in the background, the
// next ones ahead of the client, and each chunk is sent from its frame while the next one is being
// fetched. Where bytes came with the gateway's word, they go out while the fill is being begun, and it goes
// on from the store where they end; a part that they are all of goes into the store from there, and nothing
// is filled.
//
//   Core      One; chunks are borrowed from their part's home core.
//   Memory    Two chunks pinned; `cache.read_ahead` bytes of parts being filled ahead. A relay buffer while
//             first bytes pass.
//   Errors    See sent_cached. After the head has left, what the store cannot give comes from the origin
//             directly, in the same version; what that cannot give breaks the response off.
#pragma once

#include <cstdint>

#include "engine/runtime/task.h"
#include "frontend/client.h"
#include "frontend/origin/first_bytes.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {

enum class sent_cached : std::uint8_t {
    done,          // answered, or broken off after the head had left
    not_possible,  // nothing sent: the bytes are not here and we may not fetch them
    changed,       // nothing sent: the origin has another version by now
};

// `part`: where the part lies that the request names by its number, if it does. `first`: the first of the
// wanted bytes, which came with the gateway's word; null: none came.
engine::task<sent_cached> send_cached(serving& here, client& out, const request& r,
                                      origin::version_ptr version,
                                      std::optional<origin::part_extent> part,
                                      origin::first_bytes* first);

}  // namespace lode::frontend
