// frontend/connection.h
//
// One client connection from its first request to its last: reads a head, has it answered, writes the
// access log, and goes on while both sides keep the connection alive.
//
//   Core      One for life.
//   Memory    A reader (8 KiB), a head buffer, and what the request in progress needs.
//   Limits    limit_settings: time for a head, for each pause in a body, between requests.
#pragma once

#include <memory>
#include <optional>

#include "engine/base/list.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/client.h"
#include "frontend/serving.h"

namespace lode::frontend {

class connection : public list_hook<> {
  public:
    connection(serving& here, std::unique_ptr<engine::stream> stream);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Serves until the end and closes the stream.
    engine::task<void> run();

    // Ends it now if it waits for a request; else after the present answer, because `here.stopping`.
    void end_if_idle();
    // Ends it now.
    void abort() { stream_->abort(); }

    [[nodiscard]] static connection_counters& counts(serving& here) { return here.connections; }
    // Answers "503 SlowDown" to a connection that is one too many, and closes it.
    static engine::task<void> turn_away(std::unique_ptr<engine::stream> stream);

  private:
    engine::task<bool> serve_one();
    engine::task<void> answer();
    engine::task<void> refuse_for_now();
    engine::task<void> refuse_access(access::refusal why);
    engine::task<void> refuse_head(error why);
    engine::task<void> linger();
    void account();

    serving& here_;
    std::unique_ptr<engine::stream> stream_;
    http::message_reader reader_;
    client client_;
    request request_;
    std::string peer_;
    bool idle_ = true;
};

}  // namespace lode::frontend
