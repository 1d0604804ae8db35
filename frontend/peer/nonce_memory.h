// frontend/peer/nonce_memory.h
//
// The nonces of hellos that may still be repeated within the time that clocks may differ. When it is full,
// the oldest is forgotten: a hello that is repeated then is answered, but no request can follow it, because
// the key of its session is made from a nonce of ours, too.
//
//   Core    One, the greeter's.
//   Memory  About 150 bytes for each of at most `most` nonces.
#pragma once

#include <cstddef>
#include <deque>
#include <set>

#include "engine/base/clock.h"
#include "frontend/peer/session.h"

namespace lode::frontend::peer {

class nonce_memory {
  public:
    // Each is remembered for `lifetime`.
    nonce_memory(std::size_t most, duration lifetime) : most_(most), lifetime_(lifetime) {}

    // False: it is known already.
    bool add(const nonce& n, time_point now);

    [[nodiscard]] std::size_t size() const { return order_.size(); }

  private:
    struct entry {
        nonce value;
        time_point since;
    };
    void forget_oldest();

    std::size_t most_;
    duration lifetime_;
    std::deque<entry> order_;  // the oldest first
    std::set<nonce> known_;
};

}  // namespace lode::frontend::peer
