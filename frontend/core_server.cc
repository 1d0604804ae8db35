#include "frontend/core_server.h"

#include <utility>

#include "engine/base/log.h"

namespace lode::frontend {

void core_server::take(int fd, const engine::socket_address& peer, admission a) {
    auto stream = std::make_unique<engine::tcp_socket>(fd, peer);
    if (here_.stopping) {
        ended_.add();
        return;  // the descriptor closes with the stream
    }
    if (a == admission::one_too_many) {
        here_.connections.refused.add();
        connections_.spawn(turn_away(std::move(stream)));
    } else {
        here_.connections.accepted.add();
        connections_.spawn(serve(std::move(stream)));
    }
}

engine::task<void> core_server::serve(std::unique_ptr<engine::stream> stream) {
    connection c(here_, std::move(stream));
    open_.push_back(c);
    co_await c.run();
    ended_.add();
}

engine::task<void> core_server::turn_away(std::unique_ptr<engine::stream> stream) {
    co_await refuse_connection(std::move(stream));
    ended_.add();
}

void core_server::begin_stop() {
    here_.stopping = true;
    for_each(&connection::end_if_idle);
    stop_asked_.notify_all();
}

engine::task<void> core_server::wait_for_stop() {
    while (!here_.stopping) (void)co_await stop_asked_.wait();
}

engine::task<void> core_server::finish(time_point until) {
    LODE_ASSERT(here_.stopping);
    if (!co_await connections_.wait_idle(until)) {
        log::warning("{} connections did not finish in time and are closed",
                     connections_.running());
        for_each(&connection::abort);
        here_.pool.abort();
        here_.data.abort();
    }
    co_await connections_.close();
}

void core_server::for_each(void (connection::*what)()) {
    if (open_.empty()) return;
    for (connection* c = &open_.front(); c != nullptr; c = open_.next_of(*c)) (c->*what)();
}

}  // namespace lode::frontend
