// frontend/peer/hello.h
//
// The first words of a connection: who asks, and who answers. The hello is a request target, the answer a
// body; both are fields (fields.h) under a proof (session.h).
//
//   Errors  What is wrong with words that were received is one sentence, which repeats nothing of them.
//   Limits  Names of 253 bytes without blanks; slot_ranges_max ranges of slots, ascending and apart; a
//           description of 128 KiB.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "cluster/member.h"
#include "engine/base/units.h"
#include "frontend/peer/node_state.h"
#include "frontend/peer/session.h"

namespace lode::frontend::peer {

inline constexpr std::size_t name_length_max = 253;  // a host name's
inline constexpr std::size_t slot_ranges_max = 4096;

struct hello {
    std::string cluster;
    std::string node;
    std::uint64_t view = 0;  // digest of the asker's view of the cluster
    std::chrono::sys_seconds time;
    peer::nonce nonce{};

    friend bool operator==(const hello&, const hello&) = default;
};

[[nodiscard]] std::string hello_target(const hello& h, std::uint32_t protocol);
[[nodiscard]] std::expected<hello, std::string> parse_hello(std::string_view query);

// What a node says of itself.
struct description {
    cluster::member who;  // `draining` follows from the state
    node_state state = node_state::up;
    bytes load;              // in flight
    std::uint64_t view = 0;  // digest of its view of the cluster

    friend bool operator==(const description&, const description&) = default;
};

struct hello_answer {
    description about;
    peer::nonce nonce{};

    friend bool operator==(const hello_answer&, const hello_answer&) = default;
};

[[nodiscard]] std::string hello_answer_text(const hello_answer& a);
[[nodiscard]] std::expected<hello_answer, std::string> parse_hello_answer(std::string_view body);

}  // namespace lode::frontend::peer
