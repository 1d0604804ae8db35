// tests/frontend/peer_wire.h
//
// The way from one node to another, as a test wants it: a dialer whose connections are refused, break, fall
// silent or are slow. What is set holds for open connections, too; one over which something was lost stays
// silent.
//
//   Core      One simulation.
//   Lifetime  A way outlives the connections over it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/base/list.h"
#include "engine/runtime/simulated_stream.h"
#include "engine/runtime/wait_list.h"
#include "frontend/http/dialer.h"

namespace lode::frontend {

class breakable : public list_hook<> {
  public:
    virtual void reset() = 0;

  protected:
    ~breakable() = default;
};

struct peer_way {
    enum class conduct : std::uint8_t {
        open,
        refusing,  // nobody listens there
        mute,      // connections are accepted, and nothing is ever said
        cut,       // nothing arrives, connections neither
    };

    conduct how = conduct::open;
    // Each connection, after so many bytes of answers.
    std::optional<std::uint64_t> reset_after;
    std::optional<std::uint64_t> mute_after;
    // Each connection: a bit of the byte that comes after so many is another one.
    std::optional<std::uint64_t> flip_after;
    duration delay{0};  // of whatever arrives
    engine::simulated_stream::options wire;
    std::uint64_t dials = 0;

    // Breaks every connection now.
    void reset();

    list<breakable> wires;
};

// Who is dialled.
class listener {
  public:
    [[nodiscard]] virtual bool listens() const = 0;
    virtual void accept(std::unique_ptr<engine::stream> from) = 0;

  protected:
    ~listener() = default;
};

// Both outlive the dialer.
[[nodiscard]] std::unique_ptr<http::dialer> dial_over(peer_way& way, listener& to);

// The same over whatever `below` dials; way.wire means nothing then.
[[nodiscard]] std::unique_ptr<http::dialer> dial_over(peer_way& way,
                                                      std::unique_ptr<http::dialer> below);

}  // namespace lode::frontend
