// frontend/get_object.h
//
// The way of a GET: the gateway's word, then bytes from memory, from the device, or from the origin with
// the answer teed into the cache. A hit is followed from here through origin/gateway.h (the word),
// engine/store/part_store.h (the chunk) and client.h (the socket).
//
//   Core      One; chunks are borrowed from the part's home core, pinned until they are sent.
//   Memory    At most two chunks pinned per request.
//   Errors    Before the head has left: the origin's own answer, or an S3 error. After it: the rest comes
//             from the origin directly where that is possible; else the connection is closed. Bytes of two
//             versions are never mixed.
#pragma once

#include "engine/runtime/task.h"
#include "frontend/client.h"

namespace lode::frontend {

engine::task<void> get_object(serving& here, client& out, request& r);

// Has the request signed by lode where it still has to be, because the origin is about to see it.
void make_ours(serving& here, request& r);

// Fills in `r.name` and `r.customer_key` from what the request says.
void name_object(const serving& here, request& r);

}  // namespace lode::frontend
