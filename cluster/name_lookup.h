// cluster/name_lookup.h
//
// The addresses of a name, with an end to the waiting: getaddrinfo() has none, and takes half a minute
// over name servers that do not answer.
//
//   Core      None. From one thread.
//   Lifetime  A lookup that was given up goes on on a thread of its own and touches nothing of ours. There
//             is at most one: while it goes on, the next lookup fails at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/address.h"

namespace lode::cluster {

// Blocks for as long as it likes. Must be callable from any thread.
using resolver = std::function<result<std::vector<engine::socket_address>>(const std::string& host,
                                                                           std::uint16_t port)>;

[[nodiscard]] resolver system_resolver();

class name_lookup {
  public:
    explicit name_lookup(resolver how) : how_(std::move(how)) {}

    // Every address as text, ascending, each once. timed_out after `limit`, cancelled when stopping.
    [[nodiscard]] result<std::vector<std::string>> find(const std::string& host, std::uint16_t port,
                                                        duration limit,
                                                        const std::stop_token& stopping);

  private:
    struct question;

    resolver how_;
    std::shared_ptr<question> pending_;
};

// "host:port" taken apart; an IPv6 address comes without its brackets. Port 0 where there is none.
struct host_and_port {
    std::string host;
    std::uint16_t port = 0;
};
[[nodiscard]] host_and_port split_host_and_port(std::string_view text);

}  // namespace lode::cluster
