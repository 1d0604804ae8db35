// frontend/peer/peer_dialer.h
//
// Connections to one peer for an http::connection_pool: dials through another dialer and exchanges hellos
// before it hands the connection out, so that whoever leases one can ask at once.
//
//   auto lease = co_await pool.acquire(until);
//   peer_agreement& with = agreement_of(**lease);
//   ... with.session.sign(...), with.session.accepts(...) ...
//
//   Core      One, the pool's.
//   Lifetime  The listener outlives the dialer.
//   Errors    unavailable, as dialer.h says; the listener hears the reason.
//   Limits    options.patience for the hello and the answer to it, and never beyond the caller's deadline.
//             An answer's head as wire.h says, a description of 128 KiB, a refusal's sentence of 512 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/dialer.h"
#include "frontend/peer/hello.h"
#include "frontend/peer/own_side.h"
#include "frontend/peer/refusal.h"
#include "frontend/peer/session.h"

namespace lode::frontend::peer {

// What the connection's two ends agreed on.
class peer_agreement final : public http::agreement {
  public:
    peer_agreement(session_key key, std::string name, std::uint32_t p)
        : session(std::move(key)), node(std::move(name)), protocol(p) {}

    client_session session;
    std::string node;  // who answers
    std::uint32_t protocol;
};

// Requires a connection that a peer_dialer made.
[[nodiscard]] peer_agreement& agreement_of(http::client_connection& connection);

// Hears what came of each attempt to connect, on the dialer's core.
class peer_listener {
  public:
    peer_listener() = default;
    peer_listener(const peer_listener&) = delete;
    peer_listener& operator=(const peer_listener&) = delete;

    // The peer proved that it knows the secret, and said this of itself.
    virtual void heard(const description& about) = 0;
    // It refused us. Nothing proves that it was the peer who said so.
    virtual void refused(refusal why, std::string_view sentence) = 0;
    // It could not be reached, said nothing in time, or not what a node of this cluster says: then there is
    // a sentence.
    virtual void failed(error why, std::string_view sentence) = 0;

  protected:
    ~peer_listener() = default;
};

class peer_dialer final : public http::dialer {
  public:
    struct options {
        std::string expected;  // only this node will do; empty: whoever answers there
        duration patience = std::chrono::seconds(1);
    };

    peer_dialer(std::unique_ptr<http::dialer> below, own_side us, options o,
                peer_listener* listener)
        : below_(std::move(below)),
          us_(std::move(us)),
          options_(std::move(o)),
          listener_(listener) {}

    engine::task<result<http::dialed>> dial(time_point until) override;

  private:
    struct failure {
        error why;
        std::string sentence;
        bool refused = false;
        refusal reason = refusal::unreadable;
        protocol_range theirs{.oldest = 0, .newest = 0};
    };
    using agreed = std::expected<std::unique_ptr<peer_agreement>, failure>;

    engine::task<agreed> greet(engine::stream& s, std::uint32_t protocol);
    engine::task<agreed> read_answer(http::message_reader& reader, const http::response_head& head,
                                     const nonce& ours, std::uint32_t protocol);
    engine::task<failure> read_refusal(http::message_reader& reader,
                                       const http::response_head& head);
    void tell(const failure& f);

    std::unique_ptr<http::dialer> below_;
    own_side us_;
    options options_;
    peer_listener* listener_;
    std::uint32_t older_ = 0;  // the protocol that the peer asked for; 0: our newest
};

}  // namespace lode::frontend::peer
