// frontend/serve_part.h
//
// Answers a peer's question about a part as this node would answer its own clients: from memory, from the
// device, or from the fill that it begins. Whoever asks has been authorised by the peer; only the bytes
// are asked for here, and this node never asks a third one.
//
//   Core      One; chunks are borrowed from the part's home core.
//   Memory    Two chunks pinned.
//   Errors    Before the head has left: an answer without bytes, whose status says why (part_answer.h).
//             After it: the connection is broken off.
#pragma once

#include <string>

#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/peer/part_answer.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/session.h"
#include "frontend/serving.h"

namespace lode::frontend {

// How an answer leaves a connection with a peer.
struct peer_line {
    engine::stream& stream;
    peer::server_session& session;
    std::string head{};  // its memory is reused
};

// What this node says of itself with every answer.
[[nodiscard]] peer::part_answer own_word(const serving& here);

// False: the connection is of no further use.
engine::task<bool> serve_part(serving& here, peer_line& line, peer::part_question question);

// An answer that is nothing but this node's word on itself.
engine::task<bool> serve_state(serving& here, peer_line& line);

}  // namespace lode::frontend
