// frontend/server.h
//
// A node: its store, its ports and its cores, from start to stop.
//
//   Core      open() and run() on the thread that calls them, which becomes no core.
//   Errors    open(): one sentence for the operator; nothing was started. run(): likewise.
//   Limits    limit_settings. Stopping takes at most shutdown_timeout and a few seconds.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "cluster/membership.h"
#include "frontend/s3/sigv4.h"
#include "frontend/settings.h"

namespace lode::frontend {

class server {
  public:
    // Opens devices and ports and resolves the gateway's name. Blocks SIGTERM and SIGINT for the calling
    // thread and those it starts: run() waits for them. `nodes` says who is in the cluster; null: nobody
    // but this one.
    [[nodiscard]] static std::expected<std::unique_ptr<server>, std::string> open(
        settings s, std::optional<s3::credentials> identity,
        std::unique_ptr<cluster::membership> nodes = nullptr);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Serves until SIGTERM or SIGINT, finishes what is in flight, and returns.
    [[nodiscard]] std::expected<void, std::string> run();

  private:
    class node;
    explicit server(std::unique_ptr<node> n);
    std::unique_ptr<node> node_;
};

}  // namespace lode::frontend
