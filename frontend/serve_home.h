// frontend/serve_home.h
//
// Answers a peer that asks about an object whose home this node is: which version is current, and how its
// parts lie. It says what it remembers, or what the origin says, in its own name and once for all who ask at the
// same time. It never asks a third node.
//
//   Core      One; what is asked for is found out on the core that is the name's home.
//   Memory    The answer's body, at most peer::layout_text_max or peer::version_text_max.
//   Errors    An answer without a body, whose status says why: 404 where this node may not ask the origin
//             and knows nothing, or there is nothing to know, 409 where it reads from another one.
#pragma once

#include "engine/runtime/task.h"
#include "frontend/peer/layout_question.h"
#include "frontend/peer/version_question.h"
#include "frontend/serve_part.h"
#include "frontend/serving.h"

namespace lode::frontend {

// False: the connection is of no further use.
engine::task<bool> serve_layout(serving& here, peer_line& line, peer::layout_question question);
engine::task<bool> serve_version(serving& here, peer_line& line, peer::version_question question);

}  // namespace lode::frontend
