// frontend/peer/part_exchange.h
//
// One question about a part and the head of its answer, over a session; from both sides.
//
//   Core      One, the connection's.
//   Errors    too_large: the question does not fit; nothing was sent. denied: the answer is not the
//             peer's, or it took our question for somebody else's. protocol: it is, and answers something
//             else. Others as stream.h says. After any but too_large the connection is to be closed, not
//             kept.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/task.h"
#include "frontend/http/connection_pool.h"
#include "frontend/peer/part_answer.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/peer_dialer.h"

namespace lode::frontend::peer {

struct part_reply {
    unsigned status =
        0;         // 206: the bytes follow. 200: there are none to follow. Else: meaning_of()
    bytes length;  // of the body
    part_answer said;
};

// Any request of a session and the head of its answer, all before `until`. `range`: the value of the Range
// field, empty where it has none. The rest is to be read from connection.reader(), which receives head and
// body through `memory` if there is any.
engine::task<result<http::response_head>> exchange_heads(http::client_connection& connection,
                                                         std::string_view target,
                                                         std::string_view range, time_point until,
                                                         std::span<std::byte> memory = {});

// Asks, and reads the head of the answer, all before `until`. The body is then to be read from
// connection.reader(). With status 206 it is as long as the range that was asked for.
engine::task<result<part_reply>> ask(http::client_connection& connection, const part_question& q,
                                     time_point until, std::span<std::byte> memory = {});

// Whether a question failed because the server left an idle connection at the moment when it was used again.
[[nodiscard]] bool was_stale(http::client_connection& c, const error& why);

// The head of the answer to the request that `session` accepted last. Reuses `into`.
std::string_view write_reply_head(std::string& into, server_session& session, unsigned status,
                                  bytes length, const part_answer& said);

}  // namespace lode::frontend::peer
