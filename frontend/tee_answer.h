// frontend/tee_answer.h
//
// Sends an origin's answer to the client and keeps what the cache can use of it: the whole chunks that
// pass by. A chunk is received into a frame of its home core and sent from there. Where a range begins or
// ends inside a chunk, that chunk is filled beside it, if we may ask for it.
//
//   Core      One; frames are lent by the part's home core.
//   Errors    As pass_through.h.
#pragma once

#include "engine/runtime/task.h"
#include "frontend/client.h"
#include "frontend/origin/gateway.h"

namespace lode::frontend {

// `word` carries an answer. Without a version, or where the caller asked not to store, it is only relayed.
engine::task<void> tee_answer(serving& here, client& out, const request& r, origin::verdict& word);

}  // namespace lode::frontend
