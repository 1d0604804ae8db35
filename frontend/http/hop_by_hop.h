// frontend/http/hop_by_hop.h
//
// Which fields speak to the next hop only and are not forwarded (RFC 9110 section 7.6.1).
//
// Always: Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade, and the
// credentials of a proxy (Proxy-Authenticate, Proxy-Authorization, Proxy-Authentication-Info),
// which are not the origin's business. Also what Connection names, except the fields that the
// meaning, the signature or the framing of an S3 message depends on: a client must not be able to
// make us strip those. Trailer stays: it describes the message, not the hop.
//
//   Lifetime  Borrows the head's fields.
#pragma once

#include <span>
#include <string_view>

#include "frontend/http/header.h"

namespace lode::frontend::http {

class hop_by_hop {
  public:
    explicit hop_by_hop(std::span<const header> message);

    // Whether a field of this name stays on this hop.
    [[nodiscard]] bool drops(std::string_view name) const;

  private:
    std::span<const header> message_;
    bool names_fields_ = false;  // Connection holds more than close and keep-alive
};

// Whether a comma-separated list (RFC 9110 section 5.6.1) in any line of this name has this token.
[[nodiscard]] bool list_has_token(std::span<const header> message, std::string_view name,
                                  std::string_view token);

}  // namespace lode::frontend::http
