// engine/runtime/address.h
//
// Where a socket listens or connects: an IP address and a port, v4 or v6. Names are resolved with
// getaddrinfo, which blocks: at start, or on a thread that is no core.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "engine/base/error.h"

namespace lode::engine {

class socket_address {
  public:
    // "127.0.0.1:9000", "[::1]:9000"; the host must be an address, not a name.
    [[nodiscard]] static result<socket_address> parse(std::string_view text);

    // Every address of a name. Blocks. not_found when there is none.
    [[nodiscard]] static result<std::vector<socket_address>> resolve(const std::string& host,
                                                                     std::uint16_t port);

    [[nodiscard]] static socket_address from(const sockaddr_storage& storage, socklen_t length);

    [[nodiscard]] const sockaddr* data() const {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] socklen_t length() const { return length_; }
    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string text() const;

  private:
    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

}  // namespace lode::engine
