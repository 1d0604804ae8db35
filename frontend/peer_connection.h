// frontend/peer_connection.h
//
// One peer's connection from its hello to its last question.
//
//   Core      One for life.
//   Memory    A reader (8 KiB), and what the answer in progress needs.
//   Limits    peer::greeter for the hello; limit_settings: between questions, for each pause in an answer.
#pragma once

#include <memory>

#include "engine/base/list.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/clustering.h"
#include "frontend/serve_part.h"

namespace lode::frontend {

class peer_connection : public list_hook<> {
  public:
    // Requires a serving that is part of a cluster.
    peer_connection(serving& here, std::unique_ptr<engine::stream> stream);
    peer_connection(const peer_connection&) = delete;
    peer_connection& operator=(const peer_connection&) = delete;

    // Serves until the end and closes the stream.
    engine::task<void> run();

    // Ends it now if it waits for a question; else after the present answer, because `here.stopping`.
    void end_if_idle();
    // Ends it now.
    void abort() { stream_->abort(); }

    [[nodiscard]] static connection_counters& counts(serving& here);
    // Closes a connection that is one too many: the peer reads elsewhere.
    static engine::task<void> turn_away(std::unique_ptr<engine::stream> stream);

  private:
    engine::task<bool> serve_one(peer_line& line);

    serving& here_;
    std::unique_ptr<engine::stream> stream_;
    http::message_reader reader_;
    bool idle_ = false;
};

}  // namespace lode::frontend
