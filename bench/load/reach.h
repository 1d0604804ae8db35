// bench/load/reach.h
//
// What is looked up once, before a target's first connection: its addresses, and whom to trust.
//
//   Core     Any thread that may block.
//   Errors   One sentence.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/load_options.h"
#include "engine/runtime/address.h"
#include "engine/runtime/tls.h"
#include "frontend/http/dialer.h"

namespace lode::bench {

struct way_to_target {
    std::vector<engine::socket_address> addresses;  // one at least
    std::optional<engine::tls_context> tls;         // for https

    // One for each core. This outlives them.
    [[nodiscard]] frontend::http::network_dialer dialer(const target_options& target) const {
        return {target.at, addresses, tls ? &*tls : nullptr};
    }
};

[[nodiscard]] std::expected<way_to_target, std::string> reach(const target_options& target);

}  // namespace lode::bench
