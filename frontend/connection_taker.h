// frontend/connection_taker.h
//
// Who serves the connections that a front door hands out, on one core.
//
//   Core   take() on its own; ended() may be read from any.
#pragma once

#include <cstdint>

#include "engine/base/counters.h"
#include "engine/runtime/address.h"

namespace lode::frontend {

class connection_taker {
  public:
    connection_taker() = default;
    connection_taker(const connection_taker&) = delete;
    connection_taker& operator=(const connection_taker&) = delete;

    enum class admission : std::uint8_t { welcome, one_too_many };
    // Takes ownership of the descriptor.
    virtual void take(int fd, const engine::socket_address& from, admission a) = 0;

    // How many of those it was given are gone.
    [[nodiscard]] const counter& ended() const { return ended_; }

  protected:
    ~connection_taker() = default;
    counter ended_;
};

}  // namespace lode::frontend
