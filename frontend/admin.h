// frontend/admin.h
//
// The operators' port: /metrics (Prometheus), /healthz (the process lives), /readyz (it may be sent
// requests), POST /drop?tier=memory (forget what is in memory; devices stay), POST
// /device?path=PATH&state=out|in (take a cache device out of service, or back).
//
//   Core      Core 0; reads the other cores' counters.
//   Limits    64 connections at a time; one request of at most 8 KiB on each, 5 s.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "engine/runtime/scope.h"
#include "engine/runtime/socket.h"
#include "frontend/access/key_watch.h"
#include "frontend/serving.h"

namespace lode::frontend {

class admin {
  public:
    // `keys` null: there is no key file.
    explicit admin(const node_context& node, const access::key_watch* keys = nullptr);

    // Answers one request and closes the connection.
    engine::task<void> serve(std::unique_ptr<engine::stream> stream);

    void set_ready(bool ready) { ready_ = ready; }

  private:
    struct reply {
        unsigned status = 200;
        std::string_view type = "text/plain; charset=utf-8";
        std::string body;
    };

    engine::task<reply> answer(const http::request_head& head);
    engine::task<reply> change_device(std::string target);
    engine::task<reply> find_object(std::string target);

    const node_context& node_;
    std::span<serving* const> cores_;  // null until that core has started
    const access::key_watch* keys_;
    time_point started_;
    bool ready_ = false;
    int open_ = 0;
};

}  // namespace lode::frontend
