// frontend/http/dialer.h
//
// How a connection pool gets a new connection: over the network, or in a test from the simulator.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/address.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "engine/runtime/tls.h"
#include "frontend/http/endpoint.h"

namespace lode::frontend::http {

// What a dialer and the server agreed on before anybody used the connection. It lives as long as the
// connection; whoever made the dialer knows its type.
class agreement {
  public:
    agreement() = default;
    virtual ~agreement() = default;
    agreement(const agreement&) = delete;
    agreement& operator=(const agreement&) = delete;
};

struct dialed {
    std::unique_ptr<engine::stream> stream;
    int fd = -1;  // the socket below, to ask the kernel whether the peer has left; -1: unknown
    std::unique_ptr<agreement> agreed = nullptr;
};

class dialer {
  public:
    dialer() = default;
    virtual ~dialer() = default;
    dialer(const dialer&) = delete;
    dialer& operator=(const dialer&) = delete;

    // unavailable when no connection could be made before `until`, whatever the reason.
    virtual engine::task<result<dialed>> dial(time_point until) = 0;
};

// TCP, and TLS over it for an https endpoint, to the endpoint's addresses in turn. An address that
// failed is avoided for a while as long as another one is left.
//
//   Core     One; every core has its own. make() may run anywhere: it resolves the name, which
//            blocks, and does so once: a change of the name's addresses needs a restart.
//   Errors   The reason of a failure is logged when an address stops working, not at each attempt, and by
//            the first core that notices, not by each (address_news.h).
class network_dialer final : public dialer {
  public:
    // `tls` is needed for https and must outlive the dialer.
    [[nodiscard]] static result<std::unique_ptr<network_dialer>> make(
        const endpoint& to, const engine::tls_context* tls);

    // silent: whoever dials says himself what comes of it.
    enum class news : std::uint8_t { logged, silent };

    // For names that were resolved already, once for all cores.
    network_dialer(endpoint to, const std::vector<engine::socket_address>& addresses,
                   const engine::tls_context* tls, news n = news::logged);

    engine::task<result<dialed>> dial(time_point until) override;

    static constexpr duration avoid_for = std::chrono::seconds(5);

  private:
    struct place {
        engine::socket_address address;
        bool failing = false;
        time_point failed_at{};
    };

    engine::task<result<dialed>> dial_one(const engine::socket_address& to, time_point until);
    void note(place& p, const result<dialed>& outcome);

    endpoint to_;
    std::vector<place> places_;
    const engine::tls_context* tls_;
    news news_;
    std::size_t next_ = 0;
};

}  // namespace lode::frontend::http
