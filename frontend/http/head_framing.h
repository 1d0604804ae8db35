// frontend/http/head_framing.h
//
// What the parsed lines of a head mean for the connection: where the body ends, whether another
// message may follow, which host is meant. Ambiguity is refused: it is what request smuggling
// lives on.
#pragma once

#include <vector>

#include "frontend/http/message.h"
#include "frontend/http/problem.h"

namespace lode::frontend::http {

// Fills in body, content_length, keep_alive, expect_continue and host from the lines and the
// version, which are set already.
[[nodiscard]] problem frame_request(request_head& head);

// The same for a response; `request_method` decides with the status whether a body follows.
[[nodiscard]] problem frame_response(response_head& head, std::string_view request_method);

}  // namespace lode::frontend::http
