// frontend/pass_through.h
//
// Whatever is not an accelerated GET: the client's request goes to the origin as it came and the answer
// comes back as it came, both streaming through one buffer.
//
//   Core      One.
//   Memory    One relay buffer in each direction (http/relay_buffers.h).
//   Errors    An origin that cannot be reached, or answers nonsense, becomes an S3 error (503 with
//             Retry-After, 502). Once the response head has left, an error closes the connection.
#pragma once

#include "engine/runtime/task.h"
#include "frontend/client.h"
#include "frontend/origin/exchange.h"

namespace lode::frontend {

engine::task<void> pass_through(serving& here, client& out, const request& r);

// Sends an answer of the origin on to the client: the head without what concerns the hop, then the body.
// Used by get_object for every answer that is not a matter for the cache.
engine::task<void> relay_answer(serving& here, client& out, const request& r,
                                origin::exchange& answer);

// The parts of relay_answer, for whoever handles the body itself. `fields` come after the origin's.
http::head_writer relayed_head(client& out, const http::response_head& head);

}  // namespace lode::frontend
