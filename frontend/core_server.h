// frontend/core_server.h
//
// The client connections of one core: takes them from the front door, serves them, ends them.
//
//   Core      One. `ended` may be read from any core.
//   Lifetime  stop() must have been awaited before destruction.
#pragma once

#include "engine/base/counters.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/socket.h"
#include "engine/runtime/wait_list.h"
#include "frontend/connection.h"
#include "frontend/serving.h"

namespace lode::frontend {

class core_server {
  public:
    explicit core_server(serving& here) : here_(here) {}

    enum class admission : std::uint8_t { welcome, one_too_many };
    // Takes ownership of the descriptor.
    void take(int fd, const engine::socket_address& peer, admission a);

    // From here on no new connections and no further request on the present ones.
    void begin_stop();
    engine::task<void> wait_for_stop();

    // Lets requests in progress finish, until `until`; then ends them. After begin_stop().
    engine::task<void> finish(time_point until);

    [[nodiscard]] const counter& ended() const { return ended_; }

  private:
    engine::task<void> serve(std::unique_ptr<engine::stream> stream);
    engine::task<void> turn_away(std::unique_ptr<engine::stream> stream);
    void for_each(void (connection::*what)());

    serving& here_;
    list<connection> open_;
    counter ended_;
    engine::wait_list stop_asked_;
    engine::scope connections_;
};

}  // namespace lode::frontend
