// cluster/own_addresses.h
//
// Which of the addresses that were found are this node's own.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace lode::cluster {

// Addresses of this host's interfaces as they are now, as text and without a port: "10.0.0.7", "[::1]".
[[nodiscard]] std::set<std::string, std::less<>> addresses_of_host();

// `own` is where the node is reached; where it says every address of the host ("0.0.0.0:9001"), any of
// `host` with that port is.
[[nodiscard]] bool is_own_address(std::string_view address, std::string_view own,
                                  const std::set<std::string, std::less<>>& host);

// "0.0.0.0:9001", "[::]:9001".
[[nodiscard]] bool is_every_address(std::string_view address);

}  // namespace lode::cluster
