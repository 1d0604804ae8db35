// frontend/core_server.h
//
// The connections of one kind (clients', peers') on one core: takes them from a front door, serves them,
// ends them.
//
//   Core      One.
//   Lifetime  finish() must have been awaited before destruction.
#pragma once

#include <memory>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/socket.h"
#include "engine/runtime/wait_list.h"
#include "frontend/connection_taker.h"
#include "frontend/serving.h"

namespace lode::frontend {

// Connection: made of a serving and a stream; run(), end_if_idle(), abort(); counts(serving) for its kind;
// turn_away(stream) for one too many.
template <class Connection>
class core_server final : public connection_taker {
  public:
    explicit core_server(serving& here) : here_(here) {}

    void take(int fd, const engine::socket_address& from, admission a) override {
        auto stream = std::make_unique<engine::tcp_socket>(fd, from);
        if (stopping_) {
            ended_.add();
            return;  // the descriptor closes with the stream
        }
        if (a == admission::one_too_many) {
            Connection::counts(here_).refused.add();
            connections_.spawn(turn_away(std::move(stream)));
        } else {
            Connection::counts(here_).accepted.add();
            connections_.spawn(serve(std::move(stream)));
        }
    }

    // From here on no new connections and, as `here.stopping` says, no further request on the present ones.
    void begin_stop() {
        stopping_ = true;
        here_.stopping = true;
        for_each(&Connection::end_if_idle);
        stop_asked_.notify_all();
    }
    engine::task<void> wait_for_stop() {
        while (!stopping_) (void)co_await stop_asked_.wait();
    }

    // Lets requests in progress finish, until `until`; then ends them. After begin_stop().
    engine::task<void> finish(time_point until) {
        LODE_ASSERT(stopping_);
        if (!co_await connections_.wait_idle(until)) {
            log::warning("{} connections did not finish in time and are closed",
                         connections_.running());
            for_each(&Connection::abort);
            here_.abort_exchanges();
        }
        co_await connections_.close();
    }

  private:
    engine::task<void> serve(std::unique_ptr<engine::stream> stream) {
        Connection c(here_, std::move(stream));
        open_.push_back(c);
        co_await c.run();
        ended_.add();
    }

    engine::task<void> turn_away(std::unique_ptr<engine::stream> stream) {
        co_await Connection::turn_away(std::move(stream));
        ended_.add();
    }

    void for_each(void (Connection::*what)()) {
        if (open_.empty()) return;
        for (Connection* c = &open_.front(); c != nullptr; c = open_.next_of(*c)) (c->*what)();
    }

    serving& here_;
    list<Connection> open_;
    bool stopping_ = false;
    engine::wait_list stop_asked_;
    engine::scope connections_;
};

}  // namespace lode::frontend
