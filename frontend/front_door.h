// frontend/front_door.h
//
// Where clients, or peers, arrive: one listener, and each accepted connection goes to the core that has the
// fewest. Training clients open few and long connections, which a hash over ports would spread unevenly.
//
//   Core      Core 0; hands sockets to the others by message.
//   Limits    `connections_max` over all cores; one more is told so and closed.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/socket.h"
#include "engine/runtime/task.h"
#include "frontend/connection_taker.h"

namespace lode::frontend {

// At start, where the setting `key` says. The error is one sentence for the operator.
[[nodiscard]] std::expected<engine::tcp_listener, std::string> listen_at(std::string_view key,
                                                                         const std::string& text);

class front_door {
  public:
    front_door(engine::tcp_listener& listener, std::vector<connection_taker*> cores,
               std::uint32_t connections_max)
        : listener_(listener),
          cores_(std::move(cores)),
          handed_out_(cores_.size()),
          connections_max_(connections_max) {}

    // Accepts until the listener is stopped.
    engine::task<void> run();

  private:
    void hand_out(const engine::tcp_listener::accepted& a);
    [[nodiscard]] std::uint64_t load_of(std::size_t core) const {
        return handed_out_[core] - cores_[core]->ended().value();
    }

    engine::tcp_listener& listener_;
    std::vector<connection_taker*> cores_;
    std::vector<std::uint64_t> handed_out_;  // connections given to each core since the start
    std::uint32_t connections_max_;
};

}  // namespace lode::frontend
