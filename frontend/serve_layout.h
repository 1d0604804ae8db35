// frontend/serve_layout.h
//
// Answers a peer that asks how an object's parts lie, as this node finds it out for everybody: from what it
// remembers, else from the origin, in its own name and once for all who ask at the same time. It never
// asks a third node.
//
//   Core      One; the layout is found out on the core that is the name's home.
//   Memory    The answer's body, at most peer::layout_text_max.
//   Errors    An answer without a body, whose status says why: 404 where this node may not ask the origin
//             and knows nothing, 409 where it reads from another one.
#pragma once

#include "engine/runtime/task.h"
#include "frontend/peer/layout_question.h"
#include "frontend/serve_part.h"
#include "frontend/serving.h"

namespace lode::frontend {

// False: the connection is of no further use.
engine::task<bool> serve_layout(serving& here, peer_line& line, peer::layout_question question);

}  // namespace lode::frontend
