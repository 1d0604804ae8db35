// frontend/peer/greeter.h
//
// The door of the peer port: reads the first request of a connection, and lets in who knows the secret. What
// it does not let in is told why, in one sentence, and counted.
//
//   Core      One; each has its own.
//   Memory    The nonces of recent hellos (nonce_memory.h); of a connection, its reader.
//   Errors    denied: refused and told so. The caller closes the stream.
//   Limits    options.patience from the first call to the end of the answer; a head as wire.h says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/http/message_reader.h"
#include "frontend/peer/hello.h"
#include "frontend/peer/nonce_memory.h"
#include "frontend/peer/own_side.h"
#include "frontend/peer/refusal.h"
#include "frontend/peer/session.h"

namespace lode::frontend::peer {

class greeter {
  public:
    struct options {
        duration patience = std::chrono::seconds(2);
        std::chrono::seconds clock_skew{300};
        std::size_t nonces = 8192;
    };

    struct counters {
        counter greeted;
        refusal_counters refused;
    };

    // Who was let in. That it is alive, and not a recording, is certain with its first request only.
    struct guest {
        server_session session;
        std::string node;
        std::uint64_t view = 0;
        std::uint32_t protocol = 0;
    };

    greeter(own_side us, const options& o);

    // `reader` reads `stream` within wire_limits and goes on with the session's requests.
    engine::task<result<guest>> greet(engine::stream& stream, http::message_reader& reader);

    // Refuses a later request whose MAC does not hold, or what cannot be read; the caller closes the stream.
    engine::task<void> turn_away(engine::stream& stream, refusal why, std::string sentence,
                                 unsigned status = 0);

    [[nodiscard]] const counters& stats() const { return stats_; }

  private:
    struct objection {
        refusal why;
        std::string sentence;
    };

    struct welcome {
        hello said;
        std::uint32_t protocol;
    };

    [[nodiscard]] std::expected<welcome, objection> judge(const http::request_head& head);
    engine::task<result<>> answer(engine::stream& stream, const hello& heard, const nonce& ours);

    own_side us_;
    options options_;
    nonce_memory nonces_;
    counters stats_;
};

}  // namespace lode::frontend::peer
