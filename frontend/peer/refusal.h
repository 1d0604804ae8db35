// frontend/peer/refusal.h
//
// Why a node does not talk to another: a status, a word for counters, and a sentence for the operator of
// the one that was refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/counters.h"
#include "engine/runtime/stream.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {

enum class refusal : std::uint8_t {
    silent,      // said nothing, or not enough, in time; no answer where it said nothing
    unreadable,  // no HTTP, or beyond the limits
    no_session,  // asked for something before a hello
    protocol,    // speaks none that we speak
    malformed,   // a hello that is none
    cluster,     // of another cluster
    proof,       // does not know the secret
    clock,       // knows it, and its clock is too far from ours
    replayed,    // said this hello before
    own_name,    // has our name: it is us, or somebody else's mistake
    mac,         // a request that the session does not cover
};
inline constexpr std::size_t refusals = 11;

[[nodiscard]] std::string_view name_of(refusal why);
[[nodiscard]] std::optional<refusal> refusal_named(std::string_view name);
[[nodiscard]] unsigned status_of(refusal why);

// How often, by reason.
class refusal_counters {
  public:
    void add(refusal why) { counts_[static_cast<std::size_t>(why)].add(); }
    [[nodiscard]] const counter& of(refusal why) const {
        return counts_[static_cast<std::size_t>(why)];
    }

  private:
    std::array<counter, refusals> counts_;
};

// Says why, and that nothing more will be said. The caller closes the stream.
engine::task<void> send_refusal(engine::stream& to, refusal why, std::string sentence,
                                protocol_range spoken, unsigned status = 0);

}  // namespace lode::frontend::peer
